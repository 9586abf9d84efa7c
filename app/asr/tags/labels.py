"""The closed lists of labels that words are given, by category and kind of conversation. Pure."""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["interview", "loans", "general"]
Labels = tuple[str, ...]

BEHAVIORS: Labels = (
    "BEHAVIOR_EXPLAIN",
    "BEHAVIOR_QUESTION_OPEN",
    "BEHAVIOR_QUESTION_CLOSED",
    "BEHAVIOR_ACKNOWLEDGE",
    "BEHAVIOR_DIRECT",
    "BEHAVIOR_EVALUATE",
    "BEHAVIOR_STRUCTURE",
    "BEHAVIOR_THINK_ALOUD",
    "BEHAVIOR_INFORM",
    "BEHAVIOR_REASON",
    "BEHAVIOR_ABILITY",
    "BEHAVIOR_COMMIT",
    "BEHAVIOR_ADVISE",
    "BEHAVIOR_REFLECT",
    "BEHAVIOR_AFFIRM",
    "BEHAVIOR_FACILITATE",
    "BEHAVIOR_FILLER",
    "BEHAVIOR_EXPRESS",
    "BEHAVIOR_FOLLOW_NEUTRAL",
    "BEHAVIOR_RAISE_CONCERN",
    "BEHAVIOR_REFRAME",
    "BEHAVIOR_SUPPORT",
    "BEHAVIOR_CONFRONT",
    "BEHAVIOR_WARN",
    "BEHAVIOR_QUESTION",
    "BEHAVIOR_NONE",
)

EVALS: Labels = (
    "EVAL_NONE",
    "EVAL_CORRECT",
    "EVAL_PROBE",
    "EVAL_PARTIAL",
    "EVAL_INCORRECT",
    "EVAL_HINT",
    "EVAL_SKIP",
    "EVAL_OTHER",
)
"""The documents promise eight and name seven. The eighth is a judgement that none of the seven
names, such as "that is an unusual way to do it": without it such would have to be NONE."""

INTERVIEW_ROLES: Labels = ("ROLE_INTERVIEWER", "ROLE_INTERVIEWEE", "ROLE_NONE")
LOAN_ROLES: Labels = ("ROLE_AGENT", "ROLE_CUSTOMER", "ROLE_OTHER")

LOAN_INTENTS: Labels = (
    "INTENT_GREETING",
    "INTENT_IDENTITY_VERIFY",
    "INTENT_PAYMENT_REMINDER",
    "INTENT_PAYMENT_INSTRUCTION",
    "INTENT_CLAIMS_PAID",
    "INTENT_PROMISE_TO_PAY",
    "INTENT_PAYMENT_QUERY",
    "INTENT_AMOUNT_DISPUTE",
    "INTENT_FINANCIAL_HARDSHIP",
    "INTENT_COMPLAINT",
    "INTENT_URGENCY_PRESSURE",
    "INTENT_ACKNOWLEDGMENT",
    "INTENT_OTHER",
)

GENERAL_INTENTS: Labels = (
    "INTENT_GREETING",  # hello; who is calling
    "INTENT_FAREWELL",  # bye, have a good day
    "INTENT_THANKS",
    "INTENT_APOLOGY",
    "INTENT_ACKNOWLEDGMENT",  # okay, I see, got it: heard, neither yes nor no
    "INTENT_CONFIRM",  # yes, that is right, go ahead
    "INTENT_DENY",  # no, that is wrong, I did not
    "INTENT_REPEAT_REQUEST",  # pardon, say that again, I cannot hear you
    "INTENT_HOLD",  # one moment, let me check
    "INTENT_PROBLEM_REPORT",  # something does not work
    "INTENT_INSTRUCTION",  # tells the other what to do, step by step
    "INTENT_COMPLAINT",  # is dissatisfied with the service
    "INTENT_CANCEL",  # cancel an order, a plan, a subscription
    "INTENT_REFUND_REQUEST",  # wants money back, or to return something
    "INTENT_ORDER_STATUS",  # where is my order, when does it come
    "INTENT_ACCOUNT_ACCESS",  # log-in, password, locked out, change of details
    "INTENT_TRANSFER_REQUEST",  # wants a person, a supervisor, another department
    "INTENT_IDENTITY_VERIFY",  # asks or tells name, date of birth, number, code
    "INTENT_CALLBACK_REQUEST",  # call me later, I am busy
    "INTENT_PRODUCT_QUERY",  # asks what a product is, does, includes
    "INTENT_PRICE_QUERY",  # asks what it costs, for a discount
    "INTENT_PURCHASE",  # wants to buy, order, subscribe, upgrade
    "INTENT_OFFER",  # offers a product, a plan, a discount
    "INTENT_NOT_INTERESTED",  # does not want what is offered
    "INTENT_APPOINTMENT",  # book, move or cancel a visit
    "INTENT_SYMPTOM_REPORT",  # pain, fever, how one feels
    "INTENT_PRESCRIPTION",  # medicine: refill, dose, side effects
    "INTENT_BALANCE_QUERY",  # balance, statement, last transactions
    "INTENT_MONEY_TRANSFER",  # send or pay money, add a payee
    "INTENT_FRAUD_REPORT",  # lost card, a charge one did not make, block it
    "INTENT_OTHER",  # small talk, facts, stories: anything else
)

NOTHING_NAMED = frozenset({"BEHAVIOR_NONE", "EVAL_NONE", "ROLE_NONE", "ROLE_OTHER", "INTENT_OTHER"})
"""Of each list the label for what has none of the others."""

INTENT_TIERS: Mapping[str, tuple[str, str]] = {
    "INTENT_GREETING": ("SPEECH_ACT_GREET", "DOMAIN_CONVERSATION"),
    "INTENT_FAREWELL": ("SPEECH_ACT_GREET", "DOMAIN_CONVERSATION"),
    "INTENT_THANKS": ("SPEECH_ACT_EXPRESS", "DOMAIN_CONVERSATION"),
    "INTENT_APOLOGY": ("SPEECH_ACT_EXPRESS", "DOMAIN_CONVERSATION"),
    "INTENT_ACKNOWLEDGMENT": ("SPEECH_ACT_AGREE", "DOMAIN_CONVERSATION"),
    "INTENT_CONFIRM": ("SPEECH_ACT_AGREE", "DOMAIN_CONVERSATION"),
    "INTENT_DENY": ("SPEECH_ACT_REFUSE", "DOMAIN_CONVERSATION"),
    "INTENT_REPEAT_REQUEST": ("SPEECH_ACT_REQUEST", "DOMAIN_CONVERSATION"),
    "INTENT_HOLD": ("SPEECH_ACT_REQUEST", "DOMAIN_CONVERSATION"),
    "INTENT_PROBLEM_REPORT": ("SPEECH_ACT_INFORM", "DOMAIN_SUPPORT"),
    "INTENT_INSTRUCTION": ("SPEECH_ACT_DIRECT", "DOMAIN_SUPPORT"),
    "INTENT_COMPLAINT": ("SPEECH_ACT_EXPRESS", "DOMAIN_SUPPORT"),
    "INTENT_CANCEL": ("SPEECH_ACT_REQUEST", "DOMAIN_SUPPORT"),
    "INTENT_REFUND_REQUEST": ("SPEECH_ACT_REQUEST", "DOMAIN_SUPPORT"),
    "INTENT_ORDER_STATUS": ("SPEECH_ACT_ASK", "DOMAIN_SUPPORT"),
    "INTENT_ACCOUNT_ACCESS": ("SPEECH_ACT_REQUEST", "DOMAIN_SUPPORT"),
    "INTENT_TRANSFER_REQUEST": ("SPEECH_ACT_REQUEST", "DOMAIN_SUPPORT"),
    "INTENT_IDENTITY_VERIFY": ("SPEECH_ACT_ASK", "DOMAIN_SUPPORT"),
    "INTENT_CALLBACK_REQUEST": ("SPEECH_ACT_REQUEST", "DOMAIN_SUPPORT"),
    "INTENT_PRODUCT_QUERY": ("SPEECH_ACT_ASK", "DOMAIN_SALES"),
    "INTENT_PRICE_QUERY": ("SPEECH_ACT_ASK", "DOMAIN_SALES"),
    "INTENT_PURCHASE": ("SPEECH_ACT_COMMIT", "DOMAIN_SALES"),
    "INTENT_OFFER": ("SPEECH_ACT_OFFER", "DOMAIN_SALES"),
    "INTENT_NOT_INTERESTED": ("SPEECH_ACT_REFUSE", "DOMAIN_SALES"),
    "INTENT_APPOINTMENT": ("SPEECH_ACT_REQUEST", "DOMAIN_HEALTH"),
    "INTENT_SYMPTOM_REPORT": ("SPEECH_ACT_INFORM", "DOMAIN_HEALTH"),
    "INTENT_PRESCRIPTION": ("SPEECH_ACT_REQUEST", "DOMAIN_HEALTH"),
    "INTENT_BALANCE_QUERY": ("SPEECH_ACT_ASK", "DOMAIN_BANKING"),
    "INTENT_MONEY_TRANSFER": ("SPEECH_ACT_REQUEST", "DOMAIN_BANKING"),
    "INTENT_FRAUD_REPORT": ("SPEECH_ACT_INFORM", "DOMAIN_BANKING"),
    "INTENT_PAYMENT_REMINDER": ("SPEECH_ACT_INFORM", "DOMAIN_LENDING"),
    "INTENT_PAYMENT_INSTRUCTION": ("SPEECH_ACT_DIRECT", "DOMAIN_LENDING"),
    "INTENT_CLAIMS_PAID": ("SPEECH_ACT_INFORM", "DOMAIN_LENDING"),
    "INTENT_PROMISE_TO_PAY": ("SPEECH_ACT_COMMIT", "DOMAIN_LENDING"),
    "INTENT_PAYMENT_QUERY": ("SPEECH_ACT_ASK", "DOMAIN_LENDING"),
    "INTENT_AMOUNT_DISPUTE": ("SPEECH_ACT_REFUSE", "DOMAIN_LENDING"),
    "INTENT_FINANCIAL_HARDSHIP": ("SPEECH_ACT_EXPRESS", "DOMAIN_LENDING"),
    "INTENT_URGENCY_PRESSURE": ("SPEECH_ACT_DIRECT", "DOMAIN_LENDING"),
    "INTENT_OTHER": ("SPEECH_ACT_INFORM", "DOMAIN_OTHER"),
}
"""Speech act and domain of each intent, general and of loans."""

SPEECH_ACTS: Labels = tuple(dict.fromkeys(act for act, _ in INTENT_TIERS.values()))
DOMAINS: Labels = tuple(dict.fromkeys(domain for _, domain in INTENT_TIERS.values()))

CATEGORIES: Mapping[Kind, Mapping[str, Labels]] = {
    "interview": {
        "behavior": BEHAVIORS,
        "eval": EVALS,
        "role": INTERVIEW_ROLES,
        "intent": GENERAL_INTENTS,
    },
    "loans": {"intent": LOAN_INTENTS, "role": LOAN_ROLES},
    "general": {"intent": GENERAL_INTENTS},
}
"""What words are tagged as in each kind of conversation."""
