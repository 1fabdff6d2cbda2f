/// Draws the page from its data: plain JavaScript without any library. Texts of the data become text nodes only.
enum PageScript {
    static let javaScript = #"""
        'use strict';
        (() => {
        const D = JSON.parse(document.getElementById('data').textContent);
        const S = D.state, N = S.t.length;
        const $ = id => document.getElementById(id);
        const make = (tag, text, className) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (className) e.className = className; return e; };
        const color = name => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
        const pad = n => String(n).padStart(2, '0');
        const clock = (ms, seconds = true) => { const d = new Date(ms + D.offset); return pad(d.getUTCHours()) + ':' + pad(d.getUTCMinutes()) + (seconds ? ':' + pad(d.getUTCSeconds()) : ''); };
        const digits = (() => { let most = 2; for (const p of S.price.slice(-200)) { const t = String(p).split('.')[1] || ''; most = Math.max(most, Math.min(4, t.length)); } return most; })();
        const price = p => p === null || p === undefined ? '–' : p.toFixed(digits);
        const number = (x, places = 2) => x === null || x === undefined ? '–' : x.toLocaleString('en-US', {minimumFractionDigits: places, maximumFractionDigits: places});
        const whole = x => x === null || x === undefined ? '–' : Math.round(x).toLocaleString('en-US');
        const share = x => x === null || x === undefined ? '–' : (100 * x).toFixed(x < 1 && x > 0.995 ? 2 : 1) + ' %';
        const words = s => s === null || s === undefined ? '–' : s.replaceAll('_', ' ');
        const outcomeOf = e => e.outcome ?? 'open';
        const outcomeColor = o => color(({win: 'win', loss: 'loss', scratch: 'scratch'})[o] ?? 'open');
        const levelName = type => type === 'support' ? 'support' : type === 'resistance' ? 'resistance' : 'other';
        const levelColor = type => color(levelName(type));

        // Running sums
        const cvd = new Array(N); { let sum = 0; for (let i = 0; i < N; i++) { sum += S.delta[i]; cvd[i] = sum; } }
        const first = S.price.findIndex(p => p > 0);

        // View: the visible time, what is hidden, what is chosen
        const view = {t0: D.start, t1: D.end, levels: new Set(), outcomes: new Set(), episode: null, at: null};
        const LEFT = 8, RIGHT = 66;

        // Header and tiles
        $('title').textContent = D.symbol + ' · ' + D.dt;
        $('subtitle').textContent = 'Session ' + D.session + ' · ' + D.product + ' · ' + clock(D.start, false) + '–' + clock(D.end, false) + ' New York · ATR seed ' + number(D.seed, 3) + ' (' + words(D.seedSource) + ')';
        document.title = D.symbol + ' ' + D.dt;
        {
            const lastPrice = N ? S.price[N - 1] : 0, opening = first < 0 ? 0 : S.price[first];
            const traded = S.price.filter(p => p > 0);
            const count = o => D.episodes.filter(e => outcomeOf(e) === o).length;
            const quoted = S.quote.filter(Boolean).length;
            const tiles = [
                [first < 0 ? 'no trades' : price(lastPrice), first < 0 ? 'last price' : 'last price, ' + (lastPrice >= opening ? '+' : '') + (100 * (lastPrice / opening - 1)).toFixed(2) + ' % on the day'],
                [traded.length ? price(Math.min(...S.low.filter(p => p > 0))) + '–' + price(Math.max(...S.high)) : '–', 'range'],
                [whole(S.volume.reduce((a, b) => a + b, 0)), 'volume, ' + whole(S.trades.reduce((a, b) => a + b, 0)) + ' trades'],
                [whole(N ? cvd[N - 1] : 0), 'delta of the session'],
                [count('win') + ' / ' + count('loss') + ' / ' + count('scratch'), 'episodes won / lost / scratch'],
                [D.touches.length + ' / ' + D.reclaims.length, 'touches / reclaims'],
                [D.chains.map(c => c.main ?? '–').join(', ') || '–', 'main support'],
                [N ? share(quoted / N) : '–', 'windows with a quote'],
            ];
            for (const [value, label] of tiles) { const t = make('div', undefined, 'tile'); t.append(make('b', value), make('span', label)); $('tiles').append(t); }
        }

        // Legend: levels that can be hidden
        for (const level of D.levels) {
            const b = make('button'); b.type = 'button'; b.setAttribute('aria-pressed', 'true');
            const dot = make('i'); dot.style.background = 'var(--' + levelName(level.type) + ')';
            b.append(dot, make('span', level.id + ' ' + price(level.price))); b.title = words(level.type) + ' ' + price(level.price) + (level.notes ? '\n' + level.notes : '');
            b.onclick = () => { const hide = !view.levels.has(level.id); hide ? view.levels.add(level.id) : view.levels.delete(level.id); b.setAttribute('aria-pressed', String(!hide)); draw(); };
            $('legend').append(b);
        }

        // Panels
        const charts = $('charts'), panels = [];
        function panel(name, height, paint) {
            const box = make('div', undefined, 'panel'), base = make('canvas'), over = make('canvas', undefined, 'over');
            base.style.height = over.style.height = height + 'px';
            box.append(make('label', name), base, over); charts.append(box);
            panels.push({base, over, height, paint, scale: null});
        }
        const X = (t, w) => LEFT + (t - view.t0) / (view.t1 - view.t0) * (w - LEFT - RIGHT);
        const T = (x, w) => view.t0 + (x - LEFT) / (w - LEFT - RIGHT) * (view.t1 - view.t0);
        const rowAt = t => Math.min(N - 1, Math.max(0, Math.floor((t - D.start) / 10000)));
        const visible = () => [rowAt(view.t0), rowAt(view.t1)];

        function prepare(canvas, height) {
            const ratio = window.devicePixelRatio || 1, width = charts.clientWidth;
            canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
            const c = canvas.getContext('2d'); c.setTransform(ratio, 0, 0, ratio, 0, 0); c.clearRect(0, 0, width, height);
            c.font = '11px system-ui, sans-serif'; c.lineJoin = 'round';
            return [c, width];
        }
        const STEPS = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].map(s => s * 1000);
        function timeGrid(c, w, h, labels) {
            const step = STEPS.find(s => (view.t1 - view.t0) / s <= w / 90) ?? STEPS.at(-1);
            c.strokeStyle = color('grid'); c.fillStyle = color('soft'); c.lineWidth = 1; c.textAlign = 'center';
            for (let t = Math.ceil((view.t0 + D.offset) / step) * step - D.offset; t <= view.t1; t += step) {
                const x = Math.round(X(t, w)) + .5; c.beginPath(); c.moveTo(x, 0); c.lineTo(x, h - (labels ? 16 : 0)); c.stroke();
                if (labels) c.fillText(clock(t, step < 60000), Math.max(x, LEFT + 16), h - 4);
            }
        }
        function scale(low, high, h, bottom) { const span = high - low || Math.abs(high) * .001 || 1; return {low: low - span * .06, high: high + span * .06, y: v => (h - bottom) - (v - (low - span * .06)) / (span * 1.12) * (h - bottom)}; }
        // Labels stand where they are whole and nothing else is written.
        function valueGrid(c, s, w, h, bottom, format, taken = []) {
            const span = s.high - s.low, raw = span / Math.max(2, (h - bottom) / 46), base = 10 ** Math.floor(Math.log10(raw));
            const step = [1, 2, 2.5, 5, 10].map(m => m * base).find(v => v >= raw);
            c.strokeStyle = color('grid'); c.fillStyle = color('soft'); c.textAlign = 'left';
            for (let v = Math.ceil(s.low / step) * step; v <= s.high; v += step) { const y = Math.round(s.y(v)) + .5; c.beginPath(); c.moveTo(LEFT, y); c.lineTo(w - RIGHT, y); c.stroke(); if (y > 7 && y < h - bottom - 3 && !taken.some(other => Math.abs(other - y) < 14)) c.fillText(format(v), w - RIGHT + 6, y + 4); }
        }
        function clip(c, w, h, body) { c.save(); c.beginPath(); c.rect(LEFT, 0, w - LEFT - RIGHT, h); c.clip(); body(); c.restore(); }
        function line(c, w, values, y, from, to, skip) {
            c.beginPath(); let down = false;
            for (let i = Math.max(0, from - 1); i <= Math.min(N - 1, to + 1); i++) { if (skip(values[i])) { down = false; continue; } const x = X(S.t[i], w), v = y(values[i]); down ? c.lineTo(x, v) : c.moveTo(x, v); down = true; }
            c.stroke();
        }

        function paintPrice(c, w, h) {
            const bottom = 18, [from, to] = visible();
            let low = Infinity, high = -Infinity;
            for (let i = from; i <= to; i++) if (S.price[i] > 0) { low = Math.min(low, S.low[i]); high = Math.max(high, S.high[i]); }
            if (low > high) { c.fillStyle = color('soft'); c.textAlign = 'center'; c.fillText('no trades here', w / 2, h / 2); timeGrid(c, w, h, true); return null; }
            const reach = (high - low || S.atr[to]) * .6;
            for (const l of D.levels) if (!view.levels.has(l.id) && l.price > low - reach && l.price < high + reach) { low = Math.min(low, l.price); high = Math.max(high, l.price); }
            const chosen = view.episode; if (chosen && chosen.entry <= view.t1 && chosen.end >= view.t0) { low = Math.min(low, chosen.price - chosen.width * chosen.atr); high = Math.max(high, chosen.price + chosen.width * chosen.atr); }
            const s = scale(low, high, h, bottom);
            const tags = D.levels.filter(l => !view.levels.has(l.id) && l.price >= s.low && l.price <= s.high);
            timeGrid(c, w, h, true); valueGrid(c, s, w, h, bottom, price, tags.map(l => s.y(l.price)));
            clip(c, w, h - bottom, () => {
                // Hours outside of regular trading
                c.fillStyle = color('grid'); c.globalAlpha = .6;
                if (D.open > view.t0) c.fillRect(LEFT, 0, X(D.open, w) - LEFT, h); if (D.close < view.t1) c.fillRect(X(D.close, w), 0, w, h);
                c.globalAlpha = 1;
                // Zones, as wide as the ATR of their time
                for (const l of D.levels) {
                    if (view.levels.has(l.id)) continue;
                    const k = levelColor(l.type), i0 = Math.max(from - 1, 0, rowAt(Math.max(l.created, D.start)));
                    c.fillStyle = k; c.globalAlpha = .1; c.beginPath();
                    for (let i = i0; i <= Math.min(N - 1, to + 1); i++) c.lineTo(X(S.t[i], w), s.y(l.price + l.width * S.atr[i]));
                    for (let i = Math.min(N - 1, to + 1); i >= i0; i--) c.lineTo(X(S.t[i], w), s.y(l.price - l.width * S.atr[i]));
                    c.fill(); c.globalAlpha = .9; c.strokeStyle = k; c.lineWidth = 1; c.setLineDash([5, 4]); c.beginPath(); c.moveTo(X(Math.max(l.created, D.start), w), s.y(l.price)); c.lineTo(w, s.y(l.price)); c.stroke(); c.setLineDash([]); c.globalAlpha = 1;
                }
                // Episodes
                for (const e of D.episodes) {
                    if (view.outcomes.has(outcomeOf(e)) || view.levels.has(e.level)) continue;
                    const k = outcomeColor(outcomeOf(e)), x0 = X(e.entry, w), x1 = Math.max(x0 + 2, X(e.end, w)), y0 = s.y(e.price + e.width * e.atr), y1 = s.y(e.price - e.width * e.atr);
                    c.fillStyle = k; c.globalAlpha = e === view.episode ? .38 : .2; c.fillRect(x0, y0, x1 - x0, y1 - y0); c.globalAlpha = 1; c.strokeStyle = k; c.lineWidth = e === view.episode ? 2 : 1; c.strokeRect(x0, y0, x1 - x0, y1 - y0);
                }
                // Range, VWAP, price
                c.strokeStyle = color('range'); c.lineWidth = Math.max(1, Math.min(4, (w - LEFT - RIGHT) / (to - from + 1) * .5)); c.globalAlpha = .55; c.beginPath();
                for (let i = from; i <= to; i++) if (S.price[i] > 0) { const x = X(S.t[i], w); c.moveTo(x, s.y(S.low[i]) + .5); c.lineTo(x, s.y(S.high[i]) - .5); }
                c.stroke(); c.globalAlpha = 1;
                c.strokeStyle = color('vwap'); c.lineWidth = 1.2; line(c, w, S.vwap, s.y, from, to, v => !(v > 0));
                c.strokeStyle = color('price'); c.lineWidth = 1.4; line(c, w, S.price, s.y, from, to, v => !(v > 0));
                // Touches, breaks, rejects
                for (const v of D.events) {
                    const l = D.levels.find(l => l.id === v.level); if (!l || view.levels.has(l.id) || v.t < view.t0 || v.t > view.t1) continue;
                    const x = X(v.t, w), y = s.y(l.price);
                    if (v.event === 'touch') { const up = v.from === 'below'; c.fillStyle = levelColor(l.type); c.beginPath(); c.moveTo(x, y + (up ? 3 : -3)); c.lineTo(x - 5, y + (up ? 12 : -12)); c.lineTo(x + 5, y + (up ? 12 : -12)); c.fill(); }
                    else if (v.event === 'break') { c.strokeStyle = color('loss'); c.lineWidth = 2; c.beginPath(); c.moveTo(x - 4, y - 4); c.lineTo(x + 4, y + 4); c.moveTo(x + 4, y - 4); c.lineTo(x - 4, y + 4); c.stroke(); }
                    else if (v.event === 'reject') { c.strokeStyle = color('win'); c.lineWidth = 2; c.beginPath(); c.arc(x, y, 4, 0, 7); c.stroke(); }
                }
                for (const m of D.markers) { const x = X(m.t, w); c.strokeStyle = c.fillStyle = color('scratch'); c.lineWidth = 1; c.setLineDash([2, 3]); c.beginPath(); c.moveTo(x, 0); c.lineTo(x, h); c.stroke(); c.setLineDash([]); c.textAlign = 'left'; const text = words(m.type); c.fillStyle = color('card'); c.globalAlpha = .8; c.fillRect(x + 1, 20, c.measureText(text).width + 6, 15); c.globalAlpha = 1; c.fillStyle = color('scratch'); c.fillText(text, x + 4, 31); }
            });
            // Prices of levels at the edge
            c.textAlign = 'left';
            for (const l of tags) { const y = s.y(l.price); c.fillStyle = levelColor(l.type); c.fillRect(w - RIGHT + 2, y - 8, RIGHT - 2, 16); c.fillStyle = color('card'); c.fillText(price(l.price), w - RIGHT + 6, y + 4); }
            return s;
        }

        function paintDelta(c, w, h) {
            const [from, to] = visible(); let most = 0, low = Infinity, high = -Infinity;
            for (let i = from; i <= to; i++) { most = Math.max(most, Math.abs(S.delta[i])); low = Math.min(low, cvd[i]); high = Math.max(high, cvd[i]); }
            timeGrid(c, w, h, false);
            const s = scale(low, high, h, 0); valueGrid(c, s, w, h, 0, whole);
            clip(c, w, h, () => {
                const width = Math.max(.8, (w - LEFT - RIGHT) / (to - from + 1) * .7); c.globalAlpha = .6;
                for (let i = from; i <= to; i++) { const d = S.delta[i]; if (!d) continue; c.fillStyle = color(d > 0 ? 'buy' : 'sell'); const y = d / (most || 1) * (h / 2 - 3); c.fillRect(X(S.t[i], w) - width / 2, h / 2 - Math.max(y, 0), width, Math.max(1, Math.abs(y))); }
                c.globalAlpha = 1; c.strokeStyle = color('cvd'); c.lineWidth = 1.6; line(c, w, cvd, s.y, from, to, () => false);
            });
            return null;
        }

        function paintQuality(c, w, h) {
            const [from, to] = visible(), width = (w - LEFT - RIGHT) / (view.t1 - view.t0) * 10000;
            const kinds = [[i => S.quote[i] ? 'good' : S.price[i] > 0 ? 'half' : 'none'], [i => S.trades[i] > 0 ? 'good' : 'none']];
            clip(c, w, h, () => {
                for (let i = from; i <= to; i++) kinds.forEach(([kind], line) => { c.fillStyle = color(kind(i)); c.fillRect(X(S.t[i] - 9999, w), 1 + line * 10, Math.max(1, width + .5), 8); });
                if (D.book) D.book.t.forEach((t, i) => { if (t >= view.t0 && t <= view.t1) { c.fillStyle = color(D.book.valid[i] ? 'good' : 'bad'); c.fillRect(X(t - 1000, w), 21, Math.max(1, width / 10 + .5), 8); } });
            });
            c.fillStyle = color('soft'); c.textAlign = 'left'; c.font = '9px system-ui, sans-serif'; c.fillText('quote', w - RIGHT + 6, 8); c.fillText('trade', w - RIGHT + 6, 18); if (D.book) c.fillText('book', w - RIGHT + 6, 28);
            return null;
        }

        // Pictures of the book
        const mix = (a, b, f) => a.map((v, i) => Math.round(v + (b[i] - v) * f));
        const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
        function picture(field, paletteOf) {
            const cells = Uint8Array.from(atob(field.cells), ch => ch.charCodeAt(0)), palette = paletteOf();
            const image = new ImageData(field.columns, field.rows);
            for (let x = 0; x < field.columns; x++) for (let y = 0; y < field.rows; y++) { const p = palette[cells[x * field.rows + y]], at = 4 * ((field.rows - 1 - y) * field.columns + x); image.data[at] = p[0]; image.data[at + 1] = p[1]; image.data[at + 2] = p[2]; image.data[at + 3] = 255; }
            const canvas = make('canvas'); canvas.width = field.columns; canvas.height = field.rows; canvas.getContext('2d').putImageData(image, 0, 0); return canvas;
        }
        const heat = () => { const stops = isDark() ? [[24, 30, 40], [22, 78, 120], [34, 160, 160], [240, 200, 80], [255, 245, 225]] : [[255, 255, 255], [198, 219, 239], [90, 160, 210], [20, 90, 160], [8, 30, 80]]; return Array.from({length: 256}, (_, i) => { const p = i / 255 * 4, k = Math.min(3, Math.floor(p)); return mix(stops[k], stops[k + 1], p - k); }); };
        const balance = () => { const mid = isDark() ? [24, 30, 40] : [255, 255, 255], up = isDark() ? [62, 207, 124] : [26, 143, 76], down = isDark() ? [255, 107, 107] : [207, 50, 55]; return Array.from({length: 256}, (_, i) => i >= 128 ? mix(mid, up, Math.sqrt((i - 128) / 127)) : mix(mid, down, Math.sqrt((128 - i) / 127))); };
        const pictures = new Map();
        function paintField(field, palette) {
            return (c, w, h) => {
                const [from, to] = [view.t0, view.t1]; let low = Infinity, high = -Infinity;
                D.book.t.forEach((t, i) => { const p = D.book.spot[i]; if (t >= from && t <= to && p !== null) { low = Math.min(low, p); high = Math.max(high, p); } });
                if (low > high) { low = field.low; high = field.low + field.rows * field.step; }
                const extra = Math.max((high - low) * .4, 12 * field.step), s = scale(low - extra, high + extra, h, 0);
                valueGrid(c, s, w, h, 0, price);
                const key = field.cells.length + palette.name + isDark(); if (!pictures.has(key)) pictures.set(key, picture(field, palette));
                clip(c, w, h, () => {
                    c.imageSmoothingEnabled = false;
                    const x0 = X(field.start, w), x1 = X(field.start + field.columns * field.columnMs, w), half = field.step / 2, y0 = s.y(field.low + field.rows * field.step - half), y1 = s.y(field.low - half);
                    c.drawImage(pictures.get(key), x0, y0, x1 - x0, y1 - y0);
                    c.beginPath(); let down = false;
                    D.book.t.forEach((t, i) => { const p = D.book.spot[i]; if (p === null) { down = false; return; } const x = X(t, w), y = s.y(p); down ? c.lineTo(x, y) : c.moveTo(x, y); down = true; });
                    // A seam keeps the line apart from any colour below it.
                    c.strokeStyle = color('card'); c.lineWidth = 3.4; c.stroke(); c.strokeStyle = color('price'); c.lineWidth = 1.3; c.stroke();
                    for (const l of D.levels) { if (view.levels.has(l.id)) continue; c.strokeStyle = levelColor(l.type); c.setLineDash([5, 4]); c.beginPath(); c.moveTo(LEFT, s.y(l.price)); c.lineTo(w, s.y(l.price)); c.stroke(); c.setLineDash([]); }
                });
                return s;
            };
        }

        panel('Price · VWAP · zones', 400, paintPrice);
        panel('Delta per 10 s (bars) · cumulative delta (line)', 120, paintDelta);
        panel('', D.book ? 30 : 20, paintQuality);
        if (D.book) {
            panel('Resting depth · spot', 260, paintField(D.book.depth, heat));
            if (D.book.pressure) panel('Pressure: green pushes up, red pushes down', 260, paintField(D.book.pressure, balance));
        }

        function draw() { for (const p of panels) { const [c, w] = prepare(p.base, p.height); p.scale = p.paint(c, w, p.height); } cross(); }
        function cross() {
            for (const p of panels) {
                const [c, w] = prepare(p.over, p.height); if (view.at === null) continue;
                const x = Math.round(X(view.at.t, w)) + .5; c.strokeStyle = color('soft'); c.setLineDash([3, 3]); c.beginPath(); c.moveTo(x, 0); c.lineTo(x, p.height); c.stroke();
            }
        }

        // The mouse, the finger, the keyboard
        const limit = (t0, t1) => { const least = 60000, length = Math.min(Math.max(t1 - t0, least), D.end - D.start); t0 = Math.max(D.start, Math.min(t0, D.end - length)); view.t0 = t0; view.t1 = t0 + length; draw(); };
        const zoom = (factor, t) => limit(t - (t - view.t0) * factor, t + (view.t1 - t) * factor);
        charts.addEventListener('wheel', e => { e.preventDefault(); const w = charts.clientWidth; zoom(Math.exp(Math.max(-1, Math.min(1, e.deltaY * .002))), T(e.clientX - charts.getBoundingClientRect().left, w)); }, {passive: false});
        let drag = null;
        charts.addEventListener('pointerdown', e => { drag = {x: e.clientX, t0: view.t0, t1: view.t1}; charts.setPointerCapture(e.pointerId); });
        charts.addEventListener('pointerup', () => { drag = null; });
        charts.addEventListener('pointercancel', () => { drag = null; });
        charts.addEventListener('pointerleave', () => { view.at = null; $('tip').hidden = true; cross(); });
        charts.addEventListener('pointermove', e => {
            const w = charts.clientWidth, left = charts.getBoundingClientRect().left;
            if (drag) { const move = (drag.x - e.clientX) / (w - LEFT - RIGHT) * (drag.t1 - drag.t0); limit(drag.t0 + move, drag.t1 + move); }
            view.at = {t: Math.max(view.t0, Math.min(view.t1, T(e.clientX - left, w)))}; cross(); tell(e.clientX, e.clientY);
        });
        charts.addEventListener('dblclick', () => limit(D.start, D.end));
        charts.addEventListener('keydown', e => {
            const length = view.t1 - view.t0, middle = (view.t0 + view.t1) / 2;
            if (e.key === 'ArrowLeft') limit(view.t0 - length / 8, view.t1 - length / 8); else if (e.key === 'ArrowRight') limit(view.t0 + length / 8, view.t1 + length / 8);
            else if (e.key === '+' || e.key === '=') zoom(.7, middle); else if (e.key === '-') zoom(1 / .7, middle); else if (e.key === '0') limit(D.start, D.end); else return;
            e.preventDefault();
        });
        function tell(x, y) {
            if (!N) return;
            const i = rowAt(view.at.t), t = S.t[i], lines = [clock(t) + (S.price[i] > 0 ? '   ' + price(S.price[i]) : '   no trade yet')];
            if (S.price[i] > 0) lines.push('range ' + price(S.low[i]) + ' – ' + price(S.high[i]) + '   VWAP ' + (S.vwap[i] > 0 ? price(S.vwap[i]) : '–'));
            lines.push('delta ' + whole(S.delta[i]) + '   volume ' + whole(S.volume[i]) + '   trades ' + whole(S.trades[i]), 'cumulative delta ' + whole(cvd[i]), S.quote[i] ? 'spread ' + number(S.spread[i], 4) + '   ATR ' + number(S.atr[i], 3) : 'no two-sided quote   ATR ' + number(S.atr[i], 3));
            for (const v of D.events) if (v.t === t) lines.push(v.event + ' of ' + v.level + (v.from ? ' from ' + v.from : v.to ? ' to ' + v.to : '') + (v.mode === 'plain' ? '' : ', ' + words(v.mode)));
            for (const e of D.episodes) if (t >= e.entry && t <= e.end) lines.push('episode at ' + e.level + ': ' + words(outcomeOf(e)));
            for (const m of D.markers) if (Math.abs(m.t - t) <= 10000) lines.push('marker: ' + words(m.type));
            const tip = $('tip'); tip.textContent = lines.join('\n'); tip.hidden = false;
            tip.style.left = (x + 18 + tip.offsetWidth > innerWidth ? x - 14 - tip.offsetWidth : x + 18) + 'px'; tip.style.top = Math.min(y + 14, innerHeight - tip.offsetHeight - 8) + 'px';
        }
        const show = (t0, t1) => { const space = Math.max(60000, (t1 - t0) * .3); limit(t0 - space, t1 + space); charts.scrollIntoView({block: 'nearest'}); };
        $('reset').onclick = () => limit(D.start, D.end);
        $('theme').onclick = () => { document.documentElement.dataset.theme = isDark() ? 'light' : 'dark'; tables(); draw(); };
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { tables(); draw(); });
        new ResizeObserver(() => draw()).observe(charts);

        // Tables
        function table(place, columns, rows, empty, go) {
            place.replaceChildren();
            if (!rows.length) { place.append(make('p', empty, 'note')); return; }
            const t = make('table'), head = make('tr'), body = make('tbody');
            for (const [label, , kind] of columns) head.append(make('th', label, kind === 'n' ? 'n' : ''));
            const top = make('thead'); top.append(head); t.append(top, body);
            for (const row of rows) {
                const line = make('tr');
                for (const [, value, kind, tint] of columns) { const cell = make('td', undefined, kind === 'n' ? 'n' : ''); const text = value(row); if (tint) { const chip = make('span', text, 'chip'); chip.style.color = tint(row); cell.append(chip); } else cell.textContent = text; line.append(cell); }
                if (go) { line.className = 'go' + (row === view.episode ? ' chosen' : ''); line.tabIndex = 0; line.onclick = () => go(row); line.onkeydown = e => { if (e.key === 'Enter') go(row); }; }
                body.append(line);
            }
            place.append(t);
        }
        function episodes() {
            table($('episodes'), [
                ['entry', e => clock(e.entry)], ['level', e => e.source === 'marker_extract' ? '◆ ' + words(e.type) : e.level], ['price', e => price(e.price), 'n'], ['from', e => e.side], ['bias', e => e.bias ?? '–'],
                ['outcome', e => words(outcomeOf(e)), '', e => outcomeColor(outcomeOf(e))], ['how', e => words(e.how)], ['R multiple', e => number(e.r), 'n'], ['MFE', e => number(e.mfe), 'n'], ['MAE', e => number(e.mae), 'n'], ['lasted', e => whole((e.end - e.entry) / 1000) + ' s', 'n'],
            ], D.episodes.filter(e => !view.outcomes.has(outcomeOf(e))), 'No episode: the price did not enter a zone.', e => { view.episode = e; tables(); show(e.start, e.end); });
        }
        function tables() {
            $('outcomes').replaceChildren();
            for (const o of [...new Set(D.episodes.map(outcomeOf))].sort()) {
                const b = make('button'); b.type = 'button'; b.setAttribute('aria-pressed', String(!view.outcomes.has(o))); const dot = make('i'); dot.style.background = outcomeColor(o);
                b.append(dot, make('span', words(o) + ' ' + D.episodes.filter(e => outcomeOf(e) === o).length)); b.onclick = () => { view.outcomes.has(o) ? view.outcomes.delete(o) : view.outcomes.add(o); tables(); draw(); }; $('outcomes').append(b);
            }
            episodes();
            const main = m => (m.main ? '★ ' : '') + m.level + (m.focus ? ' ◎' : '');
            table($('chains'), [
                ['chain', m => m.chain], ['level (★ main support, ◎ focus)', main], ['kind', m => m.kind, '', m => levelColor(m.kind)], ['price', m => price(m.price), 'n'], ['touches', m => whole(m.touches), 'n'], ['breaks', m => whole(m.breaks), 'n'], ['rejects', m => whole(m.rejects), 'n'], ['reclaims', m => whole(m.attempts), 'n'], ['held', m => share(m.hold), 'n'], ['gap, ATR', m => number(m.gap), 'n'], ['role', m => words(m.flip)], ['score', m => whole(m.score), 'n'],
            ], D.metrics, 'No chain: there is no support or resistance level.', m => { const v = D.events.filter(v => v.level === m.level); if (v.length) show(v[0].t, v.at(-1).t); });
            const rows = D.touches.map(t => ({t: t.t, what: 'touch ' + t.number + ' from ' + t.from, level: t.level, outcome: t.outcome, more: words(t.approach), dwell: t.dwell, delta: t.delta})).concat(D.reclaims.map(r => ({t: r.t, what: 'reclaim after ' + r.deeper, level: r.level, outcome: r.held === null ? null : r.held ? 'held' : 'lost', more: (r.snapback ? 'snapback ' : '') + (r.flush ? 'flush' : ''), dwell: null, delta: null}))).sort((a, b) => a.t - b.t);
            const good = new Set(['hold', 'break_reclaim_hold', 'held']);
            table($('touches'), [
                ['time', r => clock(r.t)], ['level', r => r.level], ['what', r => r.what], ['outcome', r => words(r.outcome), '', r => r.outcome === null ? color('open') : color(good.has(r.outcome) ? 'win' : 'loss')], ['approach', r => r.more || '–'], ['dwell, s', r => whole(r.dwell), 'n'], ['band delta 30 s', r => whole(r.delta), 'n'],
            ], rows, 'No touch of a support or resistance.', r => show(r.t - 120000, r.t + 180000));
            table($('quality'), [
                ['table', q => q.table], ['day', q => words(q.day)], ['rows', q => whole(q.rows), 'n'], ['dropped', q => whole(q.dropped), 'n'], ['valid windows', q => q.windows ? share(q.valid / q.windows) : '–', 'n'], ['why not', q => Object.entries(q.reasons).filter(([k]) => k !== 'ok').sort((a, b) => b[1] - a[1]).map(([k, v]) => words(k) + ' ' + whole(v)).join(', ') || '–'],
            ], D.quality, 'Nothing is recorded.');
        }
        tables(); draw();
        })();
        """#
}
