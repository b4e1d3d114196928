"""What the pages on second readings and sources say is so: the programs print what they say."""

import pytest
from installed import needs_decisions
from pages import prints_what_it_says


@needs_decisions
@pytest.mark.filterwarnings("error")
def test_the_python_of_second_readings(capsys):
    assert prints_what_it_says("docs/second-readings.md", capsys) >= 6


def test_the_python_of_source(capsys):
    assert prints_what_it_says("docs/source.md", capsys) == 2


def test_the_python_of_ranking(capsys):
    assert prints_what_it_says("docs/ranking.md", capsys) == 1


def test_the_python_of_agreement(capsys):
    assert prints_what_it_says("docs/agreement.md", capsys) == 1
