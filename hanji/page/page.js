"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const set = (dark) => {
    root.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
    button.textContent = dark ? "Light" : "Dark";
  };
  set(window.matchMedia("(prefers-color-scheme: dark)").matches);
  button.addEventListener("click", () => set(root.dataset.theme !== "dark"));

  // The byte-level alphabet: printable bytes stand for themselves, the others from U+0100 on.
  const letters = [];
  for (let byte = 0, next = 256; byte < 256; byte++) {
    const plain = (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || byte > 173;
    letters.push(String.fromCodePoint(plain ? byte : next++));
  }
  const byteOf = new Map(letters.map((letter, byte) => [letter, byte]));

  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const encoder = (data) => {
    const ranks = new Map(data.merges.map((pair, rank) => [pair, rank]));
    const pattern = new RegExp(data.pattern, "gu");
    const piece = (text) => {
      let parts = Array.from(new TextEncoder().encode(text), (byte) => letters[byte]);
      const whole = parts.join("");
      if (data.whole && whole in data.vocab) return [whole];
      for (;;) {
        let best = Infinity;
        for (let i = 0; i + 1 < parts.length; i++) {
          const rank = ranks.get(parts[i] + " " + parts[i + 1]);
          if (rank !== undefined && rank < best) best = rank;
        }
        if (best === Infinity) return parts;
        const joined = [];
        for (let i = 0; i < parts.length; i++) {
          const pair = i + 1 < parts.length ? parts[i] + " " + parts[i + 1] : "";
          if (pair && ranks.get(pair) === best) {
            joined.push(parts[i] + parts[i + 1]);
            i++;
          } else joined.push(parts[i]);
        }
        parts = joined;
      }
    };
    return (text) => {
      const tokens = [];
      let at = 0;
      const normal = text.normalize("NFC");
      for (const match of normal.matchAll(pattern)) {
        if (match.index > at) tokens.push(...piece(normal.slice(at, match.index)));
        tokens.push(...piece(match[0]));
        at = match.index + match[0].length;
      }
      if (at < normal.length) tokens.push(...piece(normal.slice(at)));
      return tokens.map((token) => ({ id: data.vocab[token], token }));
    };
  };

  const shown = (token) => {
    const bytes = Uint8Array.from(token, (letter) => byteOf.get(letter));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll(" ", "␣").replaceAll("\n", "⏎");
    } catch {
      return "<" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ") + ">";
    }
  };

  for (const box of document.querySelectorAll(".try")) {
    const area = box.querySelector("textarea");
    const [about, list] = box.querySelectorAll("p");
    unpack(box.dataset.tokenizer).then((data) => {
      const encode = encoder(data);
      const draw = () => {
        const tokens = encode(area.value);
        const size = new TextEncoder().encode(area.value.normalize("NFC")).length;
        const rate = tokens.length ? (size / tokens.length).toFixed(2) : "0";
        about.textContent = `${tokens.length} tokens, ${size} bytes, ${rate} bytes per token`;
        list.replaceChildren(...tokens.map(({ id, token }) => {
          const span = document.createElement("span");
          span.className = "token";
          span.title = `id ${id}`;
          span.dataset.id = id;
          span.textContent = shown(token);
          return span;
        }));
      };
      area.addEventListener("input", draw);
      draw();
      box.dataset.ready = "yes";
    }).catch((error) => { about.textContent = `The tokenizer could not be loaded: ${error}`; });
  }
})();
