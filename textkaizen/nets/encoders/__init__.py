"""What reads a text in its order: embedded words in, one vector a text out.

    arrays       which arrays an encoder has, and how they begin
    reading      embedded words -> one vector a text: picks from the next three, then pools
    convolution  windows of several widths
    recurrence   LSTM and GRU, one word after another
    attention    transformer blocks, and pooling by learnt weights
    operations   the few operations that NumPy and JAX do not share

The same functions train (with JAX) and predict (with NumPy, which is all that prediction loads):
they are written once, over what both share. Padding never changes a result: what lies beyond a
text's end is zero wherever a neighbour could see it, and is never pooled.
"""
