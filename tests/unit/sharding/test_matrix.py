"""The jobs of a GitHub matrix."""

from __future__ import annotations

from heroci_action.sharding import Shard, matrix


def test_one_job_per_shard() -> None:
    assert matrix(2, ()) == [
        {"shard": "1/2", "name": "shard-1-of-2"},
        {"shard": "2/2", "name": "shard-2-of-2"},
    ]


def test_versions_are_combined_with_shards() -> None:
    jobs = matrix(2, [{"python": "3.12"}, {"python": "3.13"}])
    assert [(job["python"], job["shard"]) for job in jobs] == [
        ("3.12", "1/2"),
        ("3.12", "2/2"),
        ("3.13", "1/2"),
        ("3.13", "2/2"),
    ]
    assert jobs[-1]["name"] == "python-3.13-shard-2-of-2"


def test_the_name_of_a_version_begins_the_name_of_the_job() -> None:
    jobs = matrix(2, [{"django": "~=5.2", "name": "django-5.2"}])
    assert [job["name"] for job in jobs] == ["django-5.2-shard-1-of-2", "django-5.2-shard-2-of-2"]


def test_versions_alone_are_a_matrix() -> None:
    assert matrix(None, [{"python": "3.13"}]) == [{"python": "3.13", "name": "python-3.13"}]


def test_empty_request_is_no_job() -> None:
    assert matrix(None, ()) == []


def test_run_accepts_the_shards_of_the_matrix() -> None:
    assert [Shard.parse(job["shard"]).number for job in matrix(12, ())] == list(range(1, 13))
