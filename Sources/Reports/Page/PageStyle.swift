/// The page's elements and how they look.
enum PageStyle {
    static let body = #"""
        <header>
        <div><h1 id="title"></h1><p id="subtitle"></p></div>
        <div class="tools">
        <button id="reset" type="button" title="Show the whole session (0)">Whole session</button>
        <button id="theme" type="button" title="Light or dark">Theme</button>
        </div>
        </header>
        <noscript><p class="note">The charts of this page are drawn by its script, which is switched off here.</p></noscript>
        <section id="tiles" aria-label="Summary"></section>
        <section class="card">
        <div class="cardhead"><h2>Price, levels and episodes</h2><div id="legend"></div></div>
        <div id="charts" tabindex="0" aria-label="Charts over time. Wheel zooms, dragging moves, double click shows all; arrow keys, plus, minus and 0 do the same."></div>
        <p class="hint">Wheel zooms · drag moves · double click or 0 shows the whole session · times are New York</p>
        </section>
        <div class="columns">
        <section class="card wide"><div class="cardhead"><h2>Support chains</h2></div><div class="scroll" id="chains"></div></section>
        <section class="card wide"><div class="cardhead"><h2>Episodes</h2><div id="outcomes"></div></div><div class="scroll" id="episodes"></div></section>
        <section class="card"><div class="cardhead"><h2>Touches and reclaims</h2></div><div class="scroll" id="touches"></div></section>
        <section class="card"><div class="cardhead"><h2>Data quality</h2></div><div class="scroll" id="quality"></div></section>
        </div>
        <div id="tip" role="status" hidden></div>
        """#

    static let css = #"""
        :root { color-scheme: light dark; }
        :root, :root[data-theme=light] { --bg: #f5f6f8; --card: #fff; --ink: #1c2330; --soft: #667085; --line: #dfe3ea; --grid: #eceff4; --price: #1c2330; --range: #9aa4b5; --vwap: #8250c4; --win: #1a8f4c; --loss: #cf3237; --scratch: #b98900; --open: #6b7688; --support: #1769c9; --resistance: #c2571a; --other: #6b7688; --buy: #1a8f4c; --sell: #cf3237; --cvd: #1769c9; --good: #2da866; --half: #e0a526; --none: #c9d0da; --bad: #cf3237; }
        @media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { --bg: #10141b; --card: #181e28; --ink: #e6eaf1; --soft: #97a2b5; --line: #2b3444; --grid: #222a37; --price: #f0f3f8; --range: #5a667b; --vwap: #b58cf0; --win: #3ecf7c; --loss: #ff6b6b; --scratch: #e5b93c; --open: #8f9bb0; --support: #5aa6ff; --resistance: #ff9a5c; --other: #8f9bb0; --buy: #3ecf7c; --sell: #ff6b6b; --cvd: #5aa6ff; --good: #2fae6a; --half: #d9a441; --none: #37415280; --bad: #ff6b6b; } }
        :root[data-theme=dark] { --bg: #10141b; --card: #181e28; --ink: #e6eaf1; --soft: #97a2b5; --line: #2b3444; --grid: #222a37; --price: #f0f3f8; --range: #5a667b; --vwap: #b58cf0; --win: #3ecf7c; --loss: #ff6b6b; --scratch: #e5b93c; --open: #8f9bb0; --support: #5aa6ff; --resistance: #ff9a5c; --other: #8f9bb0; --buy: #3ecf7c; --sell: #ff6b6b; --cvd: #5aa6ff; --good: #2fae6a; --half: #d9a441; --none: #37415280; --bad: #ff6b6b; }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 16px 20px 40px; max-width: 1680px; background: var(--bg); color: var(--ink); font: 14px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
        header { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px; }
        h1 { font-size: 22px; margin: 0; letter-spacing: -.01em; }
        h2 { font-size: 14px; margin: 0; }
        header p { margin: 2px 0 0; color: var(--soft); }
        button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: 5px 11px; cursor: pointer; }
        button:hover { border-color: var(--soft); }
        button[aria-pressed=false] { opacity: .45; }
        .tools { display: flex; gap: 8px; }
        #tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; margin: 14px 0; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 9px 10px; }
        .tile b { display: block; font-size: 15px; letter-spacing: -.03em; white-space: nowrap; }
        .tile span { color: var(--soft); font-size: 12px; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 14px; margin-bottom: 14px; min-width: 0; }
        .cardhead { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: 8px; margin-bottom: 8px; }
        #legend, #outcomes { display: flex; flex-wrap: wrap; gap: 6px; }
        #legend button, #outcomes button { font-size: 12px; padding: 2px 9px; display: inline-flex; align-items: center; gap: 6px; max-width: 260px; }
        #legend i, #outcomes i { width: 9px; height: 9px; border-radius: 3px; flex: none; }
        #legend span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        #charts { outline-offset: 4px; touch-action: none; }
        .panel { position: relative; margin-top: 6px; }
        .panel > label { position: absolute; left: 4px; top: 3px; font-size: 11px; color: var(--soft); pointer-events: none; background: color-mix(in srgb, var(--card) 75%, transparent); padding: 0 4px; border-radius: 4px; z-index: 2; }
        canvas { display: block; width: 100%; cursor: crosshair; }
        .panel canvas.over { position: absolute; inset: 0; pointer-events: none; }
        .hint, .note { color: var(--soft); font-size: 12px; margin: 6px 0 0; }
        .columns { display: grid; grid-template-columns: minmax(0, 6fr) minmax(0, 5fr); gap: 0 14px; align-items: start; }
        .wide { grid-column: 1 / -1; }
        @media (max-width: 1050px) { .columns { grid-template-columns: minmax(0, 1fr); } }
        .scroll { overflow: auto; max-height: 420px; }
        table { border-collapse: collapse; width: 100%; font-size: 12.5px; }
        th { position: sticky; top: 0; background: var(--card); text-align: left; font-weight: 600; color: var(--soft); cursor: default; }
        th[data-key] { cursor: pointer; }
        th, td { padding: 4px 7px; border-bottom: 1px solid var(--grid); white-space: nowrap; }
        td.n, th.n { text-align: right; }
        tbody tr.go { cursor: pointer; }
        tbody tr.go:hover, tbody tr.chosen { background: color-mix(in srgb, var(--support) 12%, transparent); }
        .chip { display: inline-block; border-radius: 5px; padding: 0 7px; font-size: 12px; border: 1px solid currentColor; }
        #tip { position: fixed; z-index: 9; pointer-events: none; background: var(--card); border: 1px solid var(--line); border-radius: 8px; box-shadow: 0 4px 18px #0003; padding: 7px 10px; font-size: 12px; max-width: 320px; white-space: pre-line; }
        @media print { .tools, .hint, #tip { display: none; } }
        """#
}
