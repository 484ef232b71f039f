"""The door to the database."""

from sqlalchemy import make_url, text

from grids.db import make_engine


def test_a_role_in_the_address_is_taken(clone):
    url = make_url(clone()).update_query_dict({"options": "-c role=wangge_web"})
    engine = make_engine(url.render_as_string(hide_password=False), pooled=False)
    with engine.connect() as conn:
        assert conn.execute(text("SELECT current_user")).scalar() == "wangge_web"
        assert conn.execute(text("SHOW timezone")).scalar() == "UTC"
