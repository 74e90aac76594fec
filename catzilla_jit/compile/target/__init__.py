"""Everything that changes Numba or leans on its insides: read it when the pin moves."""
