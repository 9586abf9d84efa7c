"""Hindi in Devanagari and in Latin letters, with the English that its speakers mix in."""

from collections.abc import Mapping
from dataclasses import fields

from app.calls.flows.hearing.english import english
from app.calls.flows.hearing.vocabulary import Vocabulary, meaning, numbered, phrases

_NO_NAMES = (
    "है, हूँ, हूं, बोल, बात, से, और, मुझे, मैं, मेरा, नाम, को, चाहिए, क्या, कौन, क्यों, कब, कहाँ, कैसे, "
    "नहीं, हाँ, जी, ठीक, कल, आज, परसों, नमस्ते, अरे, पता, का, की, के, "
    "hai, hoon, hun, bol, baat, se, aur, mujhe, main, mera, naam, ko, chahiye, kya, "
    "kaun, kyon, kyun, kab, kahan, kaise, nahi, nahin, haan, ji, theek, kal, aaj, "
    "parson, "
    "namaste, arre, arey, pata, ka, ki, ke"
)


def hindi() -> Vocabulary:
    return _with_english(
        Vocabulary(
            yes=phrases(
                "हाँ, हां, जी, जी हाँ, हाँ जी, ठीक, ठीक है, सही, सही है, बिल्कुल, बिलकुल, ज़रूर, अच्छा, "
                "haan, han, haa, ji, ji haan, haan ji, haanji, theek, theek hai, thik hai, sahi, "
                "sahi hai, bilkul, zaroor, jaroor, accha, acha"
            ),
            no=phrases(
                "नहीं, नही, ना, न, जी नहीं, मत, गलत, ग़लत, सही नहीं, ठीक नहीं, "
                "nahi, nahin, nai, na, ji nahi, mat, galat, sahi nahi, theek nahi"
            ),
            unsure=phrases("पता नहीं, मालूम नहीं, शायद, pata nahi, pata nahin, maloom nahi, shayad"),
            corrections=phrases(
                "नहीं, नही, मतलब, माफ़, रुको, रुकिए, बदल, बल्कि, nahi, nahin, matlab, maaf, ruko, "
                "rukiye, badal, balki"
            ),
            denials=frozenset(),
            denials_after=phrases("नहीं, नही, nahi, nahin"),
            fillers=phrases(
                "मुझे, मैं, को, से, की, का, के, है, हैं, चाहिए, करो, कीजिए, कर, दो, दीजिए, ज़रा, "
                "प्लीज़, बात, करनी, "
                "mujhe, main, mai, ko, se, ki, ka, ke, hai, hain, chahiye, karo, kijiye, kar, "
                "dijiye, zara, baat, karni, karna, karao, phir, फिर, जी, ji, कृपया, kripya"
            ),
            names=phrases("मेरा नाम, मेरा नाम है, नाम है, mera naam, mera naam hai, naam hai, naam"),
            names_if_asked=phrases("मैं, main"),
            no_names=phrases(_NO_NAMES),
            days=numbered("आज/aaj, कल/kal, परसों/parson/parso, नरसों/narson"),
            weekdays=numbered(
                "सोमवार/somvar/somwar, मंगलवार/मंगल/mangalvar/mangalwar, बुधवार/budhvar/budhwar, "
                "गुरुवार/गुरूवार/बृहस्पतिवार/guruvar/guruwar, शुक्रवार/shukravar/shukrawar, "
                "शनिवार/shanivar/shaniwar, रविवार/इतवार/ravivar/raviwar/itvar"
            ),
            next=phrases("अगले, अगला, अगली, agle, agla, agli"),
            spans={"दिन": 1, "दिनों": 1, "हफ्ते": 7, "हफ़्ते": 7, "din": 1, "dino": 1, "hafte": 7},
            before_span=frozenset(),
            after_span=phrases("बाद, में, baad, mein"),
            half_days=meaning("सुबह, सवेरे, subah, savere, subeh", "am")
            | meaning("दोपहर, शाम, dopahar, dopeher, shaam, sham", "pm")
            | meaning("रात, raat", "night"),
            at=frozenset(),
            clocks={},
            intents=_intents(),
        )
    )


def _intents() -> dict[str, frozenset[str]]:
    return {
        "help": phrases("मदद, सहायता, madad, sahayata, madad chahiye"),
        "repeat": phrases(
            "फिर से, फिर से बोलो, फिर से बोलिए, दोबारा, दोबारा बोलिए, क्या, क्या कहा, क्या बोला, "
            "सुनाई नहीं दिया, "
            "phir se, phir se boliye, phir se bolo, dobara, dobara boliye, kya, kya kaha, "
            "kya bola, sunai nahi diya"
        ),
        "operator": phrases(
            "ऑपरेटर, एजेंट, किसी इंसान, इंसान से, किसी से बात, kisi insaan, insaan se, "
            "kisi se baat, kisi aadmi"
        ),
        "goodbye": phrases("अलविदा, बाय, फोन रखो, alvida, phone rakho, bas itna hi"),
        "cancel": phrases("रद्द, कैंसल, कैंसिल, रहने दो, छोड़ो, radd, rehne do, chhodo, cancel karo"),
        "start_over": phrases("शुरू से, फिर से शुरू, shuru se, phir se shuru, shuru se karo"),
    }


def _with_english(words: Vocabulary) -> Vocabulary:
    base = english()
    joined = {
        field.name: getattr(base, field.name) | getattr(words, field.name)
        for field in fields(Vocabulary)
        if field.name != "intents"
    }
    return Vocabulary(**joined, intents=_together(base.intents, words.intents))


def _together(
    first: Mapping[str, frozenset[str]], second: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    return {name: known | second[name] for name, known in first.items()}
