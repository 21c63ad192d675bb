"""Who is called a worker: programs that read files, which the preloaded library records."""


import jsonschema

from programs import PIPELINE, SCHEMA, as_json, datamon


def test_tools_that_ran_before_the_job_are_no_workers(tmp_path, photos):
    """As a launcher's shells do, they read files, too."""
    reads = f"for file in {photos}/class0/3*.jpg; do cat $file > /dev/null; done"
    job = f"'{PIPELINE}' {photos} --workers 0 --batch 2 --steps 30 > /dev/null"
    done = datamon("run", "--dir", "with", "--", "sh", "-c", f"{reads}; exec {job}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = as_json("report", tmp_path / "with")
    assert report["workers"] == [] and report["job"]["workers"] == 0
    assert report["job"]["processes"] > 2
    assert "· no workers ·" in datamon("report", "with", cwd=tmp_path).stdout


def test_threads_without_a_role_are_not_called_workers(tmp_path, photos):
    reads = f"for file in {photos}/class0/3*.jpg; do cat $file > /dev/null; done"
    done = datamon("run", "--dir", "alone", "--", "sh", "-c", reads, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = as_json("report", tmp_path / "alone")
    jsonschema.validate(report, SCHEMA)
    count = len(report["workers"])
    assert count >= 3 and not any(worker["has_role"] for worker in report["workers"])
    text = datamon("report", "alone", cwd=tmp_path).stdout
    assert f"· {count} threads without a role" in text.splitlines()[0]
    assert "\n  threads   " in text and "\n  workers   " not in text
    # What the monitor costs beside a few milliseconds of work is no share of it.
    assert report["monitor"]["busy_s"] < 1
    assert "of the job's busy time" not in text
