"""Where to prepare images: `datamon-pipeline --rates` for real, and what report and forecast make of a
file of rates. The recordings are the committed ones, whose cause is known; rates of a GPU are
arbitrary numbers."""

import functools
import json
import subprocess

import jsonschema
import pytest

from programs import PIPELINE, SCHEMA, datamon, environment, golden_recording


def pipeline(*arguments, **more):
    return subprocess.run([PIPELINE, *map(str, arguments)], env=environment(**more), capture_output=True, text=True,
                          timeout=240)


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """golden(name) -> the folder of a committed recording."""
    return functools.cache(lambda name: golden_recording(name, tmp_path_factory.mktemp(name)))


def device_rate(worker_us, device_us):
    return {"images": 1000, "images_per_s": 1e6 / worker_us, "worker_cpu_us": worker_us, "consumer_cpu_us": 1,
            "device_us": device_us, "copy_us": 1}


def rates(cpu_us=1500, hybrid=(1000, 2), gpu=(30, 20), **more):
    return {"datamon_rates": 1, "date": "2026-01-02T03:04:05Z", "version": "0.1.0", "cpu": "Testchip", "device": "Testdevice",
            "images": {"sampled": 10, "mean_pixels": 187_500, "mean_bytes": 90_000},
            "placements": {"cpu": {"images": 1000, "images_per_s": 1e6 / cpu_us, "worker_cpu_us": cpu_us, "consumer_cpu_us": 1},
                           "hybrid": hybrid and device_rate(*hybrid), "gpu": gpu and device_rate(*gpu)},
            "not_measured": {}} | more


@pytest.fixture
def file_of(tmp_path):
    def write(content):
        file = tmp_path / "rates.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file
    return write


def advice(recording, file):
    done = datamon("report", recording, "--rates", file, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    return report["placement"]


# Measuring

@pytest.fixture(scope="module")
def measured(photos, tmp_path_factory):
    file = tmp_path_factory.mktemp("rates") / "rates.json"
    done = pipeline(photos, "--rates", file, "--seconds", "2", "--batch", "4", "--size", "64", "--workers", "2")
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text()), file


def test_rates_of_this_machine(measured):
    said, content, file = measured
    cpu = content["placements"]["cpu"]
    assert cpu["images"] > 8 and cpu["images_per_s"] > 0
    # 320 x 240 pixels of noise: more than ten microseconds on any CPU, less than the whole second.
    assert 10 < cpu["worker_cpu_us"] < 1e6
    assert 0 < cpu["consumer_cpu_us"] < cpu["worker_cpu_us"]
    assert content["images"]["sampled"] == 60 and content["images"]["mean_pixels"] == 320 * 240
    assert content["options"] == {"workers": 2, "batch": 4, "size": 64, "layout": "nchw-f32"}
    assert content["date"].endswith("Z") and content["version"]
    assert "next: datamon report --rates" in said
    assert not file.with_name("rates.json.part").exists()


def test_without_a_gpu_one_line_says_so(measured):
    said, content, _ = measured
    if content["device"]:
        pytest.skip("there is a GPU")
    assert content["placements"]["hybrid"] is None and content["placements"]["gpu"] is None
    assert set(content["not_measured"]) == {"hybrid", "gpu"}
    (line,) = [line for line in said.splitlines() if "not measured" in line]
    assert line.startswith("hybrid and gpu are not measured: ")


def test_measured_rates_are_taken(measured, golden):
    placement = advice(golden("decode"), measured[2])
    assert placement["why_not"] is None
    assert placement["placements"][0]["measured"]
    assert placement["rates"]["date"] == measured[1]["date"]


def test_rates_as_json(photos, tmp_path):
    done = pipeline(photos, "--rates", tmp_path / "r.json", "--seconds", "1e-9", "--batch", "2", "--size", "32", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((tmp_path / "r.json").read_text())


@pytest.mark.parametrize("options, code, said", [
    (["--backend", "cpu"], 2, "excludes"),
    (["--slow", "decode=x2"], 2, "excludes"),
    (["--steps", "5"], 2, "excludes"),
])
def test_what_cannot_be_measured(photos, tmp_path, options, code, said):
    done = pipeline(photos, "--rates", tmp_path / "rates.json", *options)
    assert done.returncode == code
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_before_measuring(photos, tmp_path):
    for file in (tmp_path / "missing" / "rates.json", tmp_path):
        done = pipeline(photos, "--rates", file, "--seconds", "60")
        assert done.returncode == 1
        assert "cannot be written" in done.stderr and "name another file" in done.stderr


# Advice

def test_decoding_goes_where_it_is_fast(golden, file_of):
    recording = golden("decode")
    placement = advice(recording, file_of(rates()))
    assert placement["advice"] == "gpu" and placement["sure"]
    cpu, _, gpu = placement["placements"]
    assert gpu["forecast"]["speedup"]["value"] > max(1.2, cpu["forecast"]["speedup"]["value"])
    assert gpu["device_s_a_step"] > 0 and not gpu["forecast"]["at_most"]
    text = datamon("report", recording, "--rates", file_of(rates()), "--width", "80").stdout
    assert "where to prepare images" in text and "gpu is the best place" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_device_that_is_busy_with_it_is_not_advised(golden, file_of):
    placement = advice(golden("decode"), file_of(rates(gpu=(30, 50_000))))
    assert placement["advice"] != "gpu"
    assert placement["placements"][2]["forecast"]["speedup"]["value"] < 1


@pytest.mark.parametrize("name, limit", [("one-device", "storage"), ("slow-step", "model")])
def test_none_of_these_will_help(golden, file_of, name, limit):
    recording = golden(name)
    placement = advice(recording, file_of(rates()))
    assert (placement["advice"], placement["limit"]) == ("none", limit)
    assert "none of these will help: " in datamon("report", recording, "--rates", file_of(rates())).stdout


def test_a_job_without_images_gets_no_advice(golden, file_of):
    placement = advice(golden("small-tensors"), file_of(rates()))
    assert placement["advice"] is None and "no decoding" in placement["why_not"]


def test_forecast_of_a_placement(golden, file_of):
    recording, file = golden("decode"), file_of(rates())
    for placement in ("cpu", "hybrid", "gpu"):
        done = datamon("forecast", recording, "--placement", placement, "--rates", file, "--json")
        (forecast,) = json.loads(done.stdout)["forecasts"]
        assert forecast["change"] == {"kind": "placement", "to": placement}
        assert not forecast["at_most"] and forecast["speedup"]["low"] > 0
    text = datamon("forecast", recording, "--placement", "gpu", "--rates", file).stdout
    assert "of GPU work a step" in text
    everything = json.loads(datamon("forecast", recording, "--rates", file, "--json").stdout)
    assert everything["placement"]["advice"] == "gpu"
    assert "where to prepare images" in datamon("forecast", recording, MON_RATES=str(file)).stdout


def test_without_rates_it_says_how_to_get_them(golden):
    recording = golden("decode")
    text = datamon("forecast", recording, "--placement", "gpu").stdout
    assert "up to about +" in text
    assert "datamon-pipeline DATA --rates FILE measures it" in " ".join(text.split())
    done = datamon("forecast", recording, "--placement", "cpu")
    assert done.returncode == 1 and "datamon-pipeline DATA --rates FILE" in done.stderr


@pytest.mark.parametrize("content, said", [
    ("", "is empty"), ("rates", "is no JSON"), ("[" * 1000, "nests too deep"),
    (rates(datamon_rates=7), "datamon_rates is 7"),
    (rates(gpu=(30, 0)), "placements.gpu.device_us is 0; it must be a number from"),
    (rates(gpu=(30, -1)), "placements.gpu.device_us is -1"),
    (rates(hybrid=(1e300, 1)), "placements.hybrid.images_per_s is 1e-294"),
    (json.dumps(rates(gpu=(30, float("nan")))), "is no JSON"),
    (rates(placements={}), "placements.cpu is missing"),
])
def test_other_rates_are_refused(golden, file_of, content, said):
    recording, file = golden("decode"), file_of(content)
    for command in (["report"], ["forecast"], ["forecast", "--placement", "gpu"]):
        done = datamon(command[0], recording, *command[1:], "--rates", file)
        assert done.returncode == 1 and done.stdout == ""
        assert f"--rates {file}: " in done.stderr and said in done.stderr
        assert "datamon-pipeline DATA --rates FILE" in done.stderr
        assert done.stderr.count("\n") == 1
    missing = datamon("report", recording, "--rates", file.with_name("missing"))
    assert missing.returncode == 1 and "No such file" in missing.stderr
