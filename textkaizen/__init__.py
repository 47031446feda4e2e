"""textkaizen: what improved the network, and by how much?"""
