"""The gate: the only maker of permits to call."""
