"""Networks, one small file each, and their registry."""

from sori.models.registry import ARCHITECTURES, Architecture, Recipe, build, default_for, multiply_adds
from sori.models.sizes import SIZES, Size

__all__ = ["ARCHITECTURES", "SIZES", "Architecture", "Recipe", "Size", "build", "default_for", "multiply_adds"]
