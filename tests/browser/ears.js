// Records what comes to this page over WebRTC, whatever the page does with it.
(() => {
  const connections = [];
  const channels = [];
  const recordings = [];

  const record = (track) => {
    const recorder = new MediaRecorder(new MediaStream([track]));
    const kept = [];
    recorder.ondataavailable = ({ data }) => kept.push(data);
    recorder.start(100);
    recordings.push(kept);
  };

  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...options) {
      super(...options);
      connections.push(this);
      this.addEventListener("track", ({ track }) => track.kind === "audio" && record(track));
    }

    createDataChannel(...options) {
      const channel = super.createDataChannel(...options);
      channels.push(channel);
      return channel;
    }
  };

  const base64 = (blob) =>
    new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.split(",")[1]);
      reader.readAsDataURL(blob);
    });

  window.ears = {
    connections,
    channels,
    hangUp: () => connections.forEach((each) => each.close()),
    /** All that was heard over the newest connection so far, as WebM in base64. */
    heard: () => base64(new Blob(recordings.at(-1))),
  };
})();
