"""Networks: one small file each, and the registry that names them."""

from sori.models.registry import ARCHITECTURES, Architecture, Recipe, build, default_for, multiply_adds

__all__ = ["ARCHITECTURES", "Architecture", "Recipe", "build", "default_for", "multiply_adds"]
