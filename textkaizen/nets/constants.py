"""Constants that training (JAX) and prediction (NumPy) share; as in Keras.

Source: Ioffe & Szegedy 2015 and Keras' defaults (batch norm); Klambauer et al. 2017, section 2
(SELU).
"""

NORM_MOMENTUM = 0.99
NORM_EPSILON = 1e-3
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
SATURATED = -SELU_ALPHA * SELU_SCALE  # what SELU tends to far below zero
