"""A server's own configuration: rendered, checked, brought there whole, put back when ill."""
