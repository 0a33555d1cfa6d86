"""The 22 DoctorFLAN tasks as data, and the registry that finds them."""
