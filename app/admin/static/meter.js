// How loud a stream is, shown while there is one.

const FLOOR_DB = -60;

export class Meter {
  #element;
  #context = null;
  #frame = 0;

  constructor(element) {
    this.#element = element;
  }

  show(stream) {
    this.hide();
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      this.#element.value = level(samples);
      this.#frame = requestAnimationFrame(look);
    };
    look();
  }

  hide() {
    cancelAnimationFrame(this.#frame);
    this.#context?.close();
    this.#context = null;
    this.#element.value = 0;
  }
}

function level(samples) {
  const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
  return Math.max(0, 1 - (10 * Math.log10(power + 1e-12)) / FLOOR_DB);
}
