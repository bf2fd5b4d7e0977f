"""The check of the built website."""

from pathlib import Path

from website.site_check import problems


def test_broken_links_and_requests_to_other_hosts_are_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text(
        '<link rel="stylesheet" href="site.css"><a href="https://example.com/">web</a>'
        '<h1 id="title">Title</h1><a href="#title">up</a><a href="#">top</a>'
        '<img src="data:image/png;base64,AA"><a href="page.html">page</a>'
    )
    (tmp_path / "page.html").write_text(
        '<script src="https://example.com/x.js"></script><img src="//example.com/x.png">'
        '<a href="other.html">no file</a><a href="good.html#other">no anchor</a>'
        '<a href="good.html#title">good</a>'
    )
    (tmp_path / "site.css").write_text(
        '@import "https://example.com/x.css"; a { background: url(//example.com/x.png) }'
        "b { background: url(data:image/png;base64,AA) }"
    )

    assert list(problems(tmp_path)) == [
        "page.html: //example.com/x.png: loaded from another host",
        "page.html: good.html#other: no such anchor",
        "page.html: https://example.com/x.js: loaded from another host",
        "page.html: other.html: no such file",
        "site.css: https://example.com/x.css: loaded from another host",
        "site.css: //example.com/x.png: loaded from another host",
    ]
