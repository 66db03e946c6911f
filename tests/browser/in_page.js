// Helpers inside the page, as window.tmm. Put into every page before its own scripts run.
// JupyterLab and Notebook 7 expose the application as window.jupyterapp; Voilà has only the parts that need none.
window.tmm = (() => {
  const panel = () => window.jupyterapp?.shell?.currentWidget;
  const kernel = () => panel()?.sessionContext?.session?.kernel;
  const frame = () => new Promise(done => requestAnimationFrame(done));

  // ---- the notebook -------------------------------------------------------------------------------------------
  const ready = path => {
    const notebook = panel()?.content;
    return panel()?.context?.path === path && panel().context.isReady && kernel()?.status === 'idle'
      && notebook.widgets.length > 0 && notebook.widgets.length === notebook.model.cells.length
      && notebook.widgets.every(cell => cell.node.isConnected);
  };

  const outputs = () => [...panel().content.model.cells].flatMap((cell, index) =>
    (cell.sharedModel.toJSON().outputs ?? []).map(output => ({ cell: index, ...output })));

  // A cell that raised, as "cell 7: NameError: ...".
  const errors = () => outputs().filter(output => output.output_type === 'error')
    .map(output => `cell ${output.cell}: ${output.ename}: ${output.evalue}`);

  const trusted = () => [...panel().content.model.cells].filter(cell => cell.type === 'code' && cell.trusted).length;

  const notRun = () => [...panel().content.model.cells].map((cell, index) => [cell, index])
    .filter(([cell]) => cell.type === 'code' && cell.sharedModel.source.trim() && !cell.executionCount)
    .map(([, index]) => index);

  const restart = async () => { watched = null; await kernel().restart(); };
  const close = async () => panel()?.sessionContext?.shutdown();

  // The file browser would take half of the window at 200 %.
  const hideSidebar = () => window.jupyterapp.shell.collapseLeft?.();

  // Scrolls so that windowful number `part` is on top; false if there is none.
  const scrollTo = part => {
    const scroller = document.querySelector('.jp-Notebook .jp-WindowedPanel-outer') ?? panel().content.node;
    const cells = panel().content.widgets, end = cells[cells.length - 1].node;
    const length = end.getBoundingClientRect().bottom - scroller.getBoundingClientRect().top + scroller.scrollTop;
    scroller.scrollTop = part * scroller.clientHeight;
    return part * scroller.clientHeight < length;
  };

  // Keyboard start: the cell holding `element` is selected in command mode, as after Esc.
  const selectCellOf = element => {
    const notebook = panel().content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.node.contains(element));
    notebook.mode = 'command';
    notebook.activeCell.node.focus();
  };

  // ---- waiting for widget callbacks -----------------------------------------------------------------------------
  // Every comm message that the page sends is answered by a status "idle" with its id as parent, also when the kernel
  // handles it in a subshell (the default). `kernel.status` alone says nothing about subshells.
  const pending = new Set(), sent = new Set(), callbackErrors = [];
  let watched = null;
  const watchKernel = () => {
    if (watched === kernel()) return;
    watched = kernel();
    pending.clear();
    watched.anyMessage.connect((_, { direction, msg }) => {
      const type = msg.header.msg_type, parent = msg.parent_header?.msg_id;
      if (direction === 'send' && type.startsWith('comm_')) {
        pending.add(msg.header.msg_id);
        if (type === 'comm_msg') sent.add(msg.header.msg_id);
      } else if (type === 'status' && msg.content.execution_state === 'idle') {
        pending.delete(parent);
      } else if (sent.has(parent) && (type === 'error' || (type === 'stream' && msg.content.name === 'stderr'))) {
        const text = msg.content.text ?? `${msg.content.ename}: ${msg.content.evalue}`;
        if (!text.startsWith('No such comm')) callbackErrors.push(text);  // upstream: widgets of before a restart
      }
    });
  };

  const unfinished = () => document.getElementById('jupyterlab-splash')  // fades for a while after a change of theme
    || [...document.querySelectorAll('.jp-OutputArea-output')]
      .some(output => output.textContent.startsWith('Loading widget'));

  // Resolves when nothing has been under way for three frames in a row.
  const settled = async (limit = 20000) => {
    const end = performance.now() + limit;
    for (let quiet = 0; quiet < 3;) {
      await frame();
      quiet = pending.size || unfinished() || (kernel() && kernel().status !== 'idle') ? 0 : quiet + 1;
      if (performance.now() > end) throw new Error(`kernel or widgets still busy after ${limit} ms`);
    }
  };

  // ---- what is on the page --------------------------------------------------------------------------------------
  const shown = element => element.checkVisibility({ visibilityProperty: true });
  const hidden = element => element.closest('[aria-hidden="true"]') !== null;

  // Pictures that a reader who cannot see them is told nothing about. JupyterLab puts alt="Image" where there is none.
  const picturesWithoutText = () => [
    ...[...document.querySelectorAll('.jp-RenderedHTMLCommon img, .jp-OutputArea img, .tmm-widget img')]
      .filter(image => ['', 'Image'].includes(image.alt.trim())),
    ...[...document.querySelectorAll('.jp-OutputArea-output svg, .tmm-widget svg')]
      .filter(svg => !svg.parentElement.closest('svg') && !svg.querySelector('title')?.textContent.trim()
        && !svg.getAttribute('aria-label')?.trim()),
  ].filter(picture => !hidden(picture)).map(picture => picture.outerHTML.slice(0, 160));

  // ---- the controls of one widget -------------------------------------------------------------------------------
  const CONTROLS = 'button, select, input, textarea, [role="slider"], [contenteditable="true"]';
  const kind = element => element.matches('input') ? element.type : element.getAttribute('role') ?? element.localName;
  const words = element => {
    const group = element.closest('.widget-radio, .widget-toggle-buttons')?.querySelector('.widget-label')?.textContent;
    const own = element.getAttribute('aria-label') || element.labels?.[0]?.textContent || element.textContent
      || element.closest('.jupyter-widgets')?.querySelector('label')?.textContent || element.title;
    return [group, element.localName === 'select' ? element.labels?.[0]?.textContent : own]
      .filter(Boolean).map(text => text.trim()).join(' / ');
  };
  // In page order. `at` counts all elements, so that it stays the n-th of the same selector for Playwright; equal
  // names are told apart by their order.
  const controls = root => {
    const seen = {};
    return [...root.querySelectorAll(CONTROLS)].map((element, at) => {
      const name = `${kind(element)} ${words(element)}`.trim();
      seen[name] = (seen[name] ?? 0) + 1;
      return { at, kind: kind(element), name: seen[name] > 1 ? `${name} #${seen[name]}` : name,
        usable: shown(element) && !element.disabled };
    });
  };
  // The name of the control that has the keyboard; null outside `root`.
  const focused = root => {
    const at = [...root.querySelectorAll(CONTROLS)].indexOf(document.activeElement);
    return at < 0 ? null : controls(root)[at].name;
  };
  const view = root => [...root.querySelectorAll('.tmm-view')].map(element => element.innerHTML).join('\n');
  const alerts = root => [...root.querySelectorAll('[role="alert"]')].filter(shown)
    .map(element => element.textContent.trim()).filter(Boolean);

  // ---- click to picture -----------------------------------------------------------------------------------------
  // Milliseconds from the click to the end of the first frame painted with new content in `area`: the second
  // animation frame after it, so about 33 ms is the floor at 60 Hz. Images count once they are decoded; a moment
  // without any picture where there was one before is not new content.
  let latency = null;
  const armLatency = (button, area, limit) => {
    const pictures = () => area.querySelectorAll('svg, img, canvas').length;
    const html = area.innerHTML, had = pictures() > 0;
    latency = new Promise((resolve, reject) => {
      let start = null;
      const late = setTimeout(() => { watch.disconnect(); reject(new Error(`no new picture in ${limit} ms`)); }, limit);
      const watch = new MutationObserver(async () => {
        if (start === null || area.innerHTML === html || (had && !pictures())) return;
        watch.disconnect();
        clearTimeout(late);
        await Promise.all([...area.querySelectorAll('img')].map(image => image.decode().catch(() => null)));
        await frame();
        await frame();
        resolve(performance.now() - start);
      });
      watch.observe(area, { subtree: true, childList: true, characterData: true, attributes: true });
      button.addEventListener('click', event => { start = event.timeStamp; }, { capture: true, once: true });
    });
    latency.catch(() => null);
  };

  // The boxes and words of a picture, in pixels from its corner: the same facts, for another way of drawing them.
  const marks = area => {
    const corner = area.getBoundingClientRect();
    const place = element => {
      const box = element.getBoundingClientRect();
      return [box.x - corner.x, box.y - corner.y, box.width, box.height].map(Math.round);
    };
    return {
      size: [corner.width, corner.height].map(Math.round),
      boxes: [...area.querySelectorAll('svg rect, td, th')].map(place),
      texts: [...area.querySelectorAll('svg text, td, th')].map(element => [...place(element), element.textContent.trim()])
        .filter(text => text[4]),
    };
  };

  return { ready, errors, trusted, notRun, restart, close, hideSidebar, scrollTo, selectCellOf, watchKernel, settled, callbackErrors,
    picturesWithoutText, controls, focused, view, alerts, armLatency, latency: () => latency, marks, CONTROLS };
})();
