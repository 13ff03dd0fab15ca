// From a place in the WebAssembly to a line of source. Beside each module NAME.wasm the build writes NAME.wasm.map, a source
// map, and a browser names the functions of a stack trace by their offsets: "wasm-function[12]:0x3af0".

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

// The numbers of a segment: base 64, least significant first, sign in the lowest bit.
function* numbers(text) {
  let value = 0, shift = 0;
  for (const digit of text) {
    const bits = VALUES.get(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    yield value & 1 ? -(value >>> 1) : value >>> 1;
    value = shift = 0;
  }
}

export class SourceMap {
  // `map`: the parsed JSON. A module is one line of it, so a place is a column: the offset of a byte.
  constructor(map) {
    this.sources = map.sources;
    this.offsets = [];
    this.places = [];
    let offset = 0, source = 0, line = 0;
    for (const segment of map.mappings.split(",")) {
      const [columns, sources, lines] = numbers(segment);
      offset += columns;
      if (sources === undefined) continue;
      source += sources;
      line += lines;
      this.offsets.push(offset);
      this.places.push([source, line + 1]);
    }
  }

  // {file, line} of the instruction at that offset; null before the first.
  find(offset) {
    let low = 0, high = this.offsets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.offsets[middle] <= offset) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return null;
    const [source, line] = this.places[low - 1];
    return { file: this.sources[source], line };
  }

  // The lines of a stack trace (`new Error().stack`), innermost first.
  frames(stack) {
    const found = [];
    for (const [, offset] of stack.matchAll(/wasm-function\[\d+\]:0x([0-9a-f]+)/g)) {
      const place = this.find(parseInt(offset, 16));
      if (place) found.push(place);
    }
    return found;
  }
}
