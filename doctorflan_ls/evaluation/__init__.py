"""DoctorFLAN-test and DotaBench, or any set of their form: answered, judged, measured, reported.

``rows.py`` is what a set holds, ``reading.py`` and ``sets.py`` read one, ``answering.py`` has a
model answer it, ``judging.py`` asks a judge, ``measures.py`` needs none, ``statistics.py`` and
``report.py`` say what came of it. Files are JSON Lines that grow by one line for each thing done
(``appending.py``), so that a run that ended anyhow goes on where it was.
"""
