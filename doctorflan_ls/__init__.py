"""DoctorFLAN language server: doctor-assistant tasks and checks for clinical notes."""

__version__ = "0.1.0"
