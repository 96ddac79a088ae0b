"""Teams that share a pair take turns, then people and schedules, then the exports of each."""

import random
from collections.abc import Callable
from typing import cast

import pytest
import redis

from expensify.budget.budget import Budget, Ticket
from expensify.budget.limits import Limits
from tests.expensify.budget.office import KEY, Clock, Job, Luck, Office
from tests.expensify.budget.steps import missing

LEAD = 120  # 40 calls of 3 s each
WIDE = Limits(((100_000, 1.0),))  # no limit, so that a line can be served to its end


def tickets(team: str, flow: str, count: int, *, lead: float = 0, calls: int = 1) -> list[Ticket]:
    return [Ticket(f"{team}{flow}{n}", flow, lead, None, calls, team) for n in range(count)]


def in_line(budget: Budget, count: int) -> list[str]:
    return budget.waiting(KEY)[:count]


def serve(budget: Budget, count: int) -> list[str]:
    return [budget.step(KEY, pop=True).ticket for _ in range(count)]


def test_a_team_with_twenty_exports_gets_one_share(budget: Budget) -> None:
    for n in range(20):
        budget.enqueue(KEY, tickets("A", f"x{n}:", 3))
    budget.enqueue(KEY, tickets("B", "y", 3))

    assert in_line(budget, 7) == ["Ax0:0", "By0", "Ax1:0", "By1", "Ax2:0", "By2", "Ax3:0"]


def test_exports_take_turns_within_their_team(budget: Budget) -> None:
    budget.enqueue(KEY, tickets("A", "x", 3))
    budget.enqueue(KEY, tickets("B", "z", 4))
    budget.enqueue(KEY, tickets("A", "y", 1))

    assert in_line(budget, 8) == ["Ax0", "Bz0", "Ay0", "Bz1", "Ax1", "Bz2", "Ax2", "Bz3"]


def test_turns_of_teams_are_counted_in_calls(budget: Budget) -> None:
    budget.enqueue(KEY, tickets("A", "x", 3, calls=2))
    budget.enqueue(KEY, tickets("B", "y", 5, calls=1))

    assert in_line(budget, 7) == ["Ax0", "By0", "By1", "Ax1", "By2", "By3", "Ax2"]


def test_team_that_comes_later_gets_a_turn_now_but_not_those_it_missed(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, tickets("A", "x", 8))
    assert serve(budget, 4) == ["Ax0", "Ax1", "Ax2", "Ax3"]

    budget.enqueue(KEY, tickets("B", "y", 3))

    assert in_line(budget, 7) == ["By0", "Ax4", "By1", "Ax5", "By2", "Ax6", "Ax7"]


def test_team_that_pauses_is_not_given_what_it_left_to_others(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, [*tickets("A", "x", 20), *tickets("B", "y", 1)])
    assert serve(budget, 11) == ["Ax0", "By0", *(f"Ax{n}" for n in range(1, 10))]

    budget.enqueue(KEY, tickets("B", "z", 3))

    assert in_line(budget, 4) == ["Bz0", "Ax10", "Bz1", "Ax11"]


def test_people_of_a_team_are_ahead_of_its_schedules_by_one_lead_however_many_exports_they_run(budget: Budget) -> None:
    budget.enqueue(KEY, tickets("A", "s", 10))

    for n in range(100):
        budget.enqueue(KEY, tickets("A", f"p{n}:", 1, lead=LEAD))

    people = [f"Ap{n}:0" for n in range(42)]
    assert in_line(budget, 44) == [*people[:40], "As0", people[40], "As1", people[41]]


def test_people_of_a_team_are_ahead_of_other_teams_schedules_by_one_lead(budget: Budget) -> None:
    budget.enqueue(KEY, tickets("B", "s", 10))

    budget.enqueue(KEY, tickets("A", "p", 100, lead=LEAD))

    assert in_line(budget, 44) == [*(f"Ap{n}" for n in range(40)), "Bs0", "Ap40", "Bs1", "Ap41"]


def test_people_use_the_share_of_their_own_team(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, [*tickets("A", "s", 5), *tickets("B", "s", 5)])

    budget.enqueue(KEY, tickets("A", "p", 3, lead=LEAD))

    assert serve(budget, 13) == ["Ap0", "Ap1", "Ap2", *(f"Bs{n}" for n in range(3)),
                                 "As0", "Bs3", "As1", "Bs4", "As2", "As3", "As4"]  # fmt: skip


def test_newcomer_does_not_pay_for_the_lead_that_people_used(timed: Callable[..., Budget]) -> None:
    limits = Limits(((1000, 3000.0),))  # 3 s of service for a call, and no wait
    budget = timed(limits)
    budget.enqueue(KEY, tickets("A", "s", 50))
    budget.enqueue(KEY, tickets("A", "p", 40, lead=LEAD))
    serve(budget, 40)

    budget.enqueue(KEY, tickets("A", "late", 1))
    budget.enqueue(KEY, tickets("C", "late", 1))

    assert sorted(in_line(budget, 3)) == ["Alate0", "As0", "Clate0"]


def test_run_of_any_team_keeps_its_place_for_its_later_calls(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, [*tickets("A", "x", 2, calls=2), *tickets("B", "y", 2, calls=2)])
    first, second = budget.step(KEY, pop=True), budget.step(KEY, pop=True)
    assert (first.ticket, second.ticket) == ("Ax0", "By0")

    budget.enqueue(KEY, Ticket("By0", "y", order=second.order, team="B"))
    budget.enqueue(KEY, Ticket("Ax0", "x", order=first.order, team="A"))

    assert in_line(budget, 9) == ["Ax0", "By0", "Ax1", "By1"]


def test_person_goes_ahead_of_a_scheduled_run_that_is_back_for_its_file(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, tickets("A", "x", 2, calls=2))
    step = budget.step(KEY, pop=True)
    budget.enqueue(KEY, Ticket(step.ticket, "x", order=step.order, team="A"))

    budget.enqueue(KEY, tickets("A", "p", 1, lead=LEAD))

    assert in_line(budget, 3) == ["Ap0", "Ax0", "Ax1"]


def test_who_leaves_a_shared_line_is_not_called_and_not_charged(timed: Callable[..., Budget]) -> None:
    budget = timed(WIDE)
    budget.enqueue(KEY, [*tickets("A", "x", 50, calls=2), *tickets("B", "y", 3, calls=2)])

    assert budget.remove(KEY, [f"Ax{n}" for n in range(50)]) == 50
    budget.enqueue(KEY, [Ticket("late", "x", 0, None, 2, "A"), Ticket("later", "x", 0, None, 2, "A")])

    assert serve(budget, 6) == ["By0", "late", "By1", "later", "By2", ""]


def a_crowd(draw: random.Random, teams: int, each: int, calls: tuple[int, ...] = (1, 2)) -> list[Ticket]:
    crowd = [
        Ticket(f"{team}:{n}", f"f{draw.randrange(4)}", draw.choice([0, 0, LEAD]), None, draw.choice(calls), f"t{team}")
        for team in range(teams)
        for n in range(each)
    ]  # fmt: skip
    draw.shuffle(crowd)
    return crowd


@pytest.mark.parametrize("seed", range(5))
def test_line_is_served_in_the_order_it_shows(timed: Callable[..., Budget], seed: int) -> None:
    budget, draw = timed(WIDE), random.Random(seed)
    crowd = a_crowd(draw, teams=3, each=40)
    budget.enqueue(KEY, crowd[:60])
    for name in serve(budget, 20)[:10]:
        ticket = next(each for each in crowd if each.name == name)
        budget.enqueue(KEY, Ticket(name, ticket.flow, order=draw.uniform(1.79e15, 1.81e15), team=ticket.team))
    budget.enqueue(KEY, crowd[60:])

    shown = budget.waiting(KEY)
    places = budget.places(KEY, shown[:100])

    assert len(shown) == 110
    assert [place.position for place in places.values()] == list(range(1, 101))
    assert serve(budget, 110) == shown


@pytest.mark.parametrize("seed", range(5))
def test_places_far_back_are_near_the_truth(timed: Callable[..., Budget], seed: int) -> None:
    budget, draw = timed(Limits(margin=0)), random.Random(seed)
    crowd = a_crowd(draw, teams=3, each=700, calls=(2,))
    budget.enqueue(KEY, [ticket for ticket in crowd if ticket.team != "t2" or draw.random() < 0.2])
    calls = {ticket.name: ticket.calls for ticket in crowd}

    shown = budget.waiting(KEY)
    places = budget.places(KEY, shown)

    ahead = 0
    for number, name in enumerate(shown):
        assert places[name].position == pytest.approx(number + 1, rel=0.1, abs=1)
        assert places[name].starts_in == pytest.approx(3 * ahead, rel=0.1, abs=20)
        ahead += calls[name]


@pytest.mark.parametrize("elapsed", [0, 100, 400])
def test_each_run_of_each_team_starts_when_its_place_said(
    timed: Callable[..., Budget], clock: Clock, elapsed: float
) -> None:
    office = Office(timed(), clock, Luck(random.Random(1), lambda draw: 0.01, lambda draw: 0.01))
    office.save(*(Job(f"A{n}", f"x{n % 20}", clock.now, calls=1, team="A") for n in range(300)))
    office.save(*(Job(f"B{n}", "y", clock.now, calls=1, team="B") for n in range(60)))
    office.save(*(Job(f"P{n}", "z", clock.now, LEAD, calls=1, team="B") for n in range(60)))
    office.run(until=elapsed)
    asked_at = clock.now
    waiting = office.budget.waiting(KEY)

    places = office.budget.places(KEY, waiting)
    office.run(until=3000)

    missed = {}
    for name in waiting:
        began = cast(float, office.jobs[name].started_at) - asked_at
        if abs(began - places[name].starts_in) > max(3, 0.1 * began):
            missed[name] = (round(places[name].starts_in), round(began))
    assert missed == {}


def test_one_run_of_a_team_does_not_wait_for_a_hundred_of_another(timed: Callable[..., Budget], clock: Clock) -> None:
    office, start = Office(timed(), clock, Luck(random.Random(1))), clock.now
    office.save(*(Job(f"A{n}", f"x{n % 20}", start, team="A") for n in range(100)))

    office.later(60, office.save, Job("B0", "y", start + 60, team="B"))
    office.run(until=700)

    assert len(office.waits) == 101
    assert office.waits["B0"] < 15


def test_places_without_their_clocks_count_as_lost(budget: Budget, redis_client: redis.Redis) -> None:
    crowd = [*tickets("A", "x", 3), *tickets("B", "y", 3, lead=LEAD)]
    budget.enqueue(KEY, crowd)
    redis_client.delete("{portal}:" + KEY + ":state")

    assert budget.step(KEY, enqueue=crowd[1], pop=True).ticket == "Ax1"
    assert missing(budget, [ticket.name for ticket in crowd]) == [ticket.name for ticket in crowd]
    assert [key for key in redis_client.scan_iter() if key.decode().count(":") > 2] == []


def test_calls_that_an_older_version_noted_still_count(budget: Budget, redis_client: redis.Redis) -> None:
    """What it did not know of is as if nothing had been."""
    budget.enqueue(KEY, tickets("", "x", 5))
    serve(budget, 5)
    redis_client.eval(
        """local state = cmsgpack.unpack(redis.call('GET', KEYS[1]))
        state.teams, state.served, state.joined = nil, nil, nil
        redis.call('SET', KEYS[1], cmsgpack.pack(state))""",
        1,
        "{portal}:" + KEY + ":state",
    )

    step = budget.step(KEY, enqueue=Ticket("new", "y", team="A"), pop=True)

    assert (step.permit, budget.waiting(KEY)) == (None, ["new"])
    assert budget.usages([KEY])[KEY].used[0].calls == 5


def test_nothing_of_a_line_outlives_it(budget: Budget, redis_client: redis.Redis) -> None:
    budget.enqueue(KEY, [*tickets("A", "x", 1), *tickets("B", "y", 1, lead=LEAD)])
    serve(budget, 2)

    assert sorted(redis_client.keys()) == [b"{portal}:" + KEY.encode() + b":state", b"{portal}:boot"]
