"""Neural networks from scratch: a neuron, a multilayer perceptron, and backpropagation as a readable trace."""

from sori.nn.mlp import MLP
from sori.nn.neuron import Neuron, sigmoid
from sori.nn.trace import LayerTrace, StepTrace

__all__ = ["MLP", "LayerTrace", "Neuron", "StepTrace", "sigmoid"]
