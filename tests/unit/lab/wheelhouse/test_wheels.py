import hashlib
import zipfile

from backend_course.lab.wheelhouse.wheels import Release, write

HINGE = Release("hinge.log", "1.0.0", ("latchwire>=2",), {"hingelog.py": "DOORS = 3\n"})


def test_the_bytes_are_the_same_on_every_machine(tmp_path):
    # This hash was computed once. If it differs here, locks made elsewhere do not hold.
    write(tmp_path, [HINGE])
    digest = hashlib.sha256((tmp_path / HINGE.file_name).read_bytes()).hexdigest()
    assert digest == "e56d3ff0df1bf03279dfc1528d374b7e266181799633d4f73ff752de4fdaf353"


def test_a_wheel_says_what_it_requires_and_lists_its_files(tmp_path):
    write(tmp_path, [HINGE])
    with zipfile.ZipFile(tmp_path / "hinge_log-1.0.0-py3-none-any.whl") as wheel:
        metadata = wheel.read("hinge_log-1.0.0.dist-info/METADATA").decode()
        record = wheel.read("hinge_log-1.0.0.dist-info/RECORD").decode()
        names = wheel.namelist()
    assert "Name: hinge.log\nVersion: 1.0.0\nRequires-Dist: latchwire>=2\n" in metadata
    assert [line.split(",")[0] for line in record.splitlines()] == names


def test_writing_again_replaces(tmp_path):
    write(tmp_path, [HINGE])
    write(tmp_path, [Release("hinge.log", "1.0.0")])
    with zipfile.ZipFile(tmp_path / HINGE.file_name) as wheel:
        assert "hingelog.py" not in wheel.namelist()
