"""Promises to pay: what they are, whether they were kept, when their accounts may be dialled. Pure."""
