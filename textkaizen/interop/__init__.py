"""Other people's networks: Keras models through our loop, our networks as Keras models.

keras            the façade: fit, predict, to_keras, recipe_from_keras
keras_models     is Keras there, can this model be trained here
keras_data       X, y and weights as tables; what is held back
keras_sparse     the first Dense layer reads sparse rows
keras_programs   an epoch of a Keras model as one compiled call, each compiled once
keras_epochs     the epochs of one training, the next one under way before it is asked for
keras_callbacks  which callbacks can be served between epochs
keras_fit        the arguments of `model.fit`, through `train.loop.run`
keras_layers     a textkaizen model -> Keras layers
keras_recipes    a Keras model -> a recipe
keras_settings   Keras' initialisers, penalties, losses, optimisers -> knobs
"""
