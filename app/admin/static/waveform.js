// The sound of a call as a picture: the caller above, the agent below. Knows no player.

const RATE = 8000; // enough for a picture, and an hour of it fits into memory
const GAP = 4;
const QUIETEST = 0.05; // what is quieter is not drawn as if it were loud
const UNPLAYED = 0.5;

export class Waveform {
  #canvas;
  #channels = [];
  #peaks = [];
  #played = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#measure()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  // The length of the sound in seconds.
  async show(blob) {
    const sound = await new OfflineAudioContext(2, 1, RATE).decodeAudioData(await blob.arrayBuffer());
    this.#channels = Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index));
    this.#measure();
    return sound.duration;
  }

  // `share`: how much of it was played, from 0 to 1.
  played(share) {
    this.#played = share;
    this.#draw();
  }

  #measure() {
    const canvas = this.#canvas;
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    this.#peaks = this.#channels.map((samples) => peaks(samples, canvas.width));
    this.#draw();
  }

  #draw() {
    const { width, height } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    const style = getComputedStyle(this.#canvas);
    const lane = height / (this.#peaks.length || 1);
    pen.clearRect(0, 0, width, height);
    this.#peaks.forEach((loudest, index) => {
      pen.fillStyle = style.getPropertyValue(index ? "--agent" : "--user");
      const top = loudest.reduce((most, each) => Math.max(most, each), QUIETEST);
      loudest.forEach((peak, x) => {
        const tall = Math.max(1, (peak / top) * (lane - GAP));
        pen.globalAlpha = x / width <= this.#played ? 1 : UNPLAYED;
        pen.fillRect(x, index * lane + (lane - tall) / 2, 1, tall);
      });
    });
  }
}

function peaks(samples, count) {
  const step = samples.length / count;
  return Array.from({ length: count }, (_, index) => {
    let peak = 0;
    for (let at = Math.floor(index * step); at < Math.floor((index + 1) * step); at++) {
      peak = Math.max(peak, Math.abs(samples[at]));
    }
    return peak;
  });
}
