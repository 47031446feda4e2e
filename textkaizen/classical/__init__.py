"""Linear models beside the networks: fitted by scikit-learn, kept as arrays."""
