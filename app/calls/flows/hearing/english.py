"""English as callers speak it."""

from app.calls.flows.hearing.vocabulary import Vocabulary, meaning, numbered, phrases

_NO_NAMES = (
    "and, from, calling, here, i, i'm, i'd, i'll, i've, my, the, a, an, want, need, would, "
    "like, to, for, at, on, in, is, was, it, it's, that, this, what, who, why, when, "
    "where, how, you, your, can, could, do, does, don't, not, no, yes, yeah, sorry, "
    "please, please help, hello, hi, good, fine, ok, okay, looking, trying, going, just, "
    "about, speaking, but, because, so, with, not sure, huh, pardon, nothing, none, "
    "tomorrow, today, never, of, sure, thanks, thank, wait, actually, busy"
)


def english() -> Vocabulary:
    return Vocabulary(
        yes=phrases(
            "yes, yeah, yep, yup, yes please, sure, ok, okay, right, correct, that's right, "
            "that is right, that's correct, of course, absolutely, definitely, exactly, perfect, "
            "fine, sounds good, please do, go ahead, no problem, no worries, why not"
        ),
        no=phrases(
            "no, nope, nah, not, never, wrong, incorrect, no thanks, no thank you, not right, "
            "not correct, that's wrong, don't, negative, it isn't, isn't"
        ),
        unsure=phrases("not sure, don't know, do not know, no idea, maybe, i'm not sure"),
        corrections=phrases(
            "no, sorry, actually, wait, i mean, i meant, change, instead, rather, make it, "
            "make that"
        ),
        denials=phrases("not, not a, not the, not on, not at, isn't"),
        denials_after=frozenset(),
        fillers=phrases(
            "please, can, could, would, you, i, me, to, the, a, an, want, need, like, i'd, i'll, "
            "just, um, uh, er, hmm, well, so, hey, hello, hi, let, let's, now, with, for, speak, "
            "talk, get, give, put, through, it, that, this, do, my, is, ok, okay, and, thanks, "
            "thank, no, oh"
        ),
        names=phrases("my name is, my name's, the name is, name is, call me"),
        names_if_asked=phrases("this is, i am, i'm, it's, it is"),
        no_names=phrases(_NO_NAMES),
        days={
            "today": 0, "tonight": 0, "this evening": 0, "this afternoon": 0, "tomorrow": 1,
            "day after tomorrow": 2, "yesterday": -1, "day before yesterday": -2,
        },
        weekdays=numbered(
            "monday/mondays/mon, tuesday/tuesdays/tue/tues, wednesday/wednesdays/wed, "
            "thursday/thursdays/thu/thurs, friday/fridays/fri, saturday/saturdays, "
            "sunday/sundays"
        ),
        next=phrases("next"),
        spans={"day": 1, "days": 1, "week": 7, "weeks": 7},
        before_span=phrases("in"),
        after_span=phrases("from now, from today, later"),
        half_days=meaning("am, morning", "am")
        | meaning("pm, afternoon, evening, this evening", "pm")
        | meaning("night, tonight", "night"),
        at=phrases("at, by, around, about, from, before, after"),
        clocks={"noon": "12:00", "midday": "12:00", "midnight": "00:00"},
        intents=_intents(),
    )  # fmt: skip


def _intents() -> dict[str, frozenset[str]]:
    return {
        "help": phrases("help, what can i say, what can you do"),
        "repeat": phrases(
            "repeat, repeat that, say that again, say it again, come again, pardon, what, huh, "
            "sorry what, what did you say, once more, again, i didn't hear you, "
            "i did not hear you, can't hear you"
        ),
        "operator": phrases(
            "operator, agent, representative, human, a person, real person, a human, "
            "human being, speak to someone, talk to someone, speak to somebody, "
            "talk to somebody, receptionist, customer service"
        ),
        "goodbye": phrases("goodbye, good bye, bye, bye bye, hang up, that's all, that is all"),
        "cancel": phrases("cancel, forget it, never mind, nevermind, stop, cancel that"),
        "start_over": phrases(
            "start over, start again, from the beginning, begin again, start from scratch, restart"
        ),
    }
