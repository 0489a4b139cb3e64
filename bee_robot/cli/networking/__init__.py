"""`bee network`: the members of a network, their certificates, and who may do what."""
