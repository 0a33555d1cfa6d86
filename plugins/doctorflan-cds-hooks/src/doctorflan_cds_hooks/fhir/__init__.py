"""What is read of FHIR R4: notes, allergies, orders, the patient. Nothing is fetched."""
