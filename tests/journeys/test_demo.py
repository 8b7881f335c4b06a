"""The demo, as a person meets it: three personas on a real page that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.demo import Demo, become, decisions
from tests.support.waiting import eventually

Visit = Callable[..., Page]


def card(page: Page):
    return page.locator("handrail-root [role=dialog]")


def test_a_tour_goes_from_modal_to_tooltip_to_corner_and_is_not_shown_again(visit: Visit, demo: Demo) -> None:
    page = visit("ada")
    expect(card(page)).to_contain_text("Welcome, Ada")
    assert card(page).get_attribute("aria-modal") == "true"
    page.get_by_role("button", name="Show me around").click()
    expect(card(page)).to_contain_text("Find anything")
    target = page.get_by_label("Open command palette").bounding_box()
    bubble = card(page).bounding_box()
    assert target
    assert bubble
    assert 0 <= bubble["y"] - (target["y"] + target["height"]) <= 24, "the bubble stands below its target"
    page.get_by_role("button", name="Back").click()
    expect(card(page)).to_contain_text("Welcome, Ada")
    page.get_by_role("button", name="Show me around").click()
    page.get_by_role("button", name="Next").click()
    expect(card(page)).to_contain_text("Your pro plan")
    page.get_by_role("button", name="Done").click()
    expect(card(page)).to_have_count(0)
    page.wait_for_function("handrail.decisions().some(d => d.key === 'welcome' && d.because === 'frequency_once')")
    page.reload()
    page.wait_for_function("window.handrail?.decisions?.().some(d => d.key === 'welcome')")
    assert decisions(page.evaluate("handrail.decisions()"))["welcome"] == "frequency_once"
    expect(card(page)).to_have_count(0)
    # The server knows it from the events alone.
    eventually(page, lambda: demo.explain("ada", "welcome")["because"] == "frequency_once")
    assert page.faults == []  # pyright: ignore[reportAttributeAccessIssue]


def test_who_looks_around_before_signing_in_still_meets_their_tour(visit: Visit) -> None:
    page = visit(None)
    page.wait_for_function("window.handrail?.decisions?.().length")
    assert decisions(page.evaluate("handrail.decisions()")) == {"maintenance": "shown"}
    become(page, "looked-around", plan="pro", role="admin")
    expect(card(page)).to_contain_text("Welcome")


def test_another_tour_is_held_back_by_the_rate_limit_and_explain_says_so(visit: Visit, demo: Demo) -> None:
    page = visit("ada", locale="en")
    page.evaluate("window.seen = []; jimo.push(['on', 'experience:seen', [(it) => seen.push(it.experience)]])")
    become(page, "limited", plan="pro", role="admin")
    expect(card(page)).to_contain_text("Welcome")
    page.wait_for_function("seen.includes('welcome')")
    page.keyboard.press("Escape")
    expect(card(page)).to_have_count(0)
    page.wait_for_function("handrail.decisions().some(d => d.key === 'weekly-tip' && d.because === 'rate_limit')")
    eventually(page, lambda: demo.explain("limited", "weekly-tip")["because"] == "rate_limit")


def test_two_buttons_lead_to_two_steps_and_a_launch_ends_in_another_tour(visit: Visit) -> None:
    page = visit("basile")
    expect(card(page)).to_contain_text("Qu'est-ce qui vous amène ?")
    page.get_by_role("button", name="Je gère une équipe").click()
    expect(card(page)).to_contain_text("Votre équipe est ici")
    page.get_by_role("button", name="Montrez-moi un raccourci").click()
    expect(card(page)).to_contain_text("Plus vite au clavier")
    expect(card(page)).to_have_count(1)
    page.get_by_role("button", name="Parfait").click()
    expect(card(page)).to_have_count(0)


def test_a_navigation_carries_attributes_encoded_for_their_place(visit: Visit, demo: Demo) -> None:
    page = visit("chidi")
    expect(card(page)).to_contain_text("One thing left, Chidi")
    page.get_by_role("button", name="Open my profile").click()
    page.wait_for_url(f"{demo.host}/demo/profile.html?role=editor&plan=team")


def test_a_banner_snoozes_by_its_cross_and_stays_away_over_a_reload(visit: Visit) -> None:
    page = visit(None)
    banner = page.locator("handrail-root [role=region]")
    expect(banner).to_contain_text("Maintenance on Sunday")
    banner.get_by_label("Remind me later").click()
    expect(banner).to_have_count(0)
    page.reload()
    page.wait_for_function("window.handrail?.decisions?.().some(d => d.key === 'maintenance')")
    assert decisions(page.evaluate("handrail.decisions()"))["maintenance"] == "snoozed"


def test_the_two_origins_refuse_each_others_paths(demo: Demo) -> None:
    import httpx

    assert httpx.get(f"{demo.server}/demo/index.html").status_code == 404
    assert httpx.get(f"{demo.host}/api/v1/documents").status_code == 404
    assert httpx.get(f"{demo.host}/sdk/v1/handrail.js").status_code == 404


def test_a_paused_experience_leaves_an_open_tab(visit: Visit, demo: Demo) -> None:
    page = visit("ada")
    become(page, "pausing", plan="pro", role="owner")
    expect(card(page)).to_contain_text("Welcome")
    demo.ask("POST", "/api/v1/experiences/welcome/pause")
    try:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.evaluate("window.jimo.push(['do', 'boosted:refresh'])")
        expect(card(page).filter(has_text="Welcome")).to_have_count(0)
    finally:
        demo.ask("POST", "/api/v1/experiences/welcome/pause", params={"resume": "true"})


def test_rebuild_finds_no_difference(demo: Demo) -> None:
    done = demo.command("rebuild")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("0 differences.")


def test_an_audience_is_counted_from_the_store(visit: Visit, demo: Demo) -> None:
    page = visit("ada")
    expect(page.locator("html")).to_be_visible()
    page.wait_for_function("window.handrail?.decisions?.().length")
    done = demo.command("count", "--segment", "administrators")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 1
    refused = demo.command("count", "--segment", "nobody")
    assert refused.returncode == 3
    assert "nobody" in refused.stderr
