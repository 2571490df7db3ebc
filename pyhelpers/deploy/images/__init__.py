"""How an image gets to the host: pulled by its engine, through the tunnel, or layer by layer."""
