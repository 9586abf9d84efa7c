// What was heard beside the words, in plain words. Nothing where it is not known.

const UNKNOWN = new Set(["", "uncertain", "none", "other"]);
const MOODS = { neutral: "calm", fear: "afraid", surprise: "surprised" };
const ACTS = {
  "question": "asks",
  "question open": "asks openly",
  "question closed": "asks for yes or no",
  "ability": "speaks of abilities",
  "express": "expresses feelings",
  "filler": "gains time",
  "follow neutral": "follows",
  "raise concern": "raises a concern",
  "think aloud": "thinks aloud",
};
const AGES = { "0 18": "under 18", "60+": "over 60" };
const SAID = {
  emotion: (mood) => `sounds ${MOODS[mood] ?? mood}`,
  gender: (gender) => `sounds ${gender}`,
  age: (age) => `sounds ${AGES[age] ?? age.replace(" ", " to ")}`,
  behavior: (act) => ACTS[act] ?? `${act}s`,
  intent: (intent) => `means: ${intent}`,
  eval: (judgement) => `judged: ${judgement}`,
  role: (role) => `as ${role}`,
};

// `label` is such as EMOTION_ANGRY, or a word of a model that names its labels otherwise.
export function plainly(category, label) {
  const prefix = `${category}_`;
  const told = label.toLowerCase();
  const plain = (told.startsWith(prefix) ? told.slice(prefix.length) : told).replaceAll("_", " ");
  if (UNKNOWN.has(plain)) return "";
  return SAID[category]?.(plain) ?? `${category}: ${plain}`;
}
