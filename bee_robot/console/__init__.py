"""What a person sees of a visit: the report."""
