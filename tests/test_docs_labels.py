"""What the page on labels says is so: its programs print what they say."""

from pages import prints_what_it_says


def test_the_python_of_labels(capsys):
    assert prints_what_it_says("docs/labels.md", capsys) >= 6
