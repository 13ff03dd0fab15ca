#!/bin/bash
# viewers.sh: what people open opens. chromium shows a page, and a comparison, without an error of its own, in light and dark, wide and
# narrow; KernelShark opens a trace.dat and stays. Prints a line for each.
source "$(dirname "$0")/../boot/lib.sh"
tools/setup.sh viewers || exit 69

judged() { # WHAT COMMAND...
    local what=$1
    shift
    if "$@" >"$work/judged" 2>&1; then echo "ok: $what"; else
        failures=$((failures + 1))
        echo "not ok: $what"
        tail -n 5 "$work/judged" | sed 's/^/  /'
    fi
}

# The screen of the viewers belongs to a user without rights: both refuse to run, or complain, as root.
as_nobody() {
    local user=()
    [[ $EUID -ne 0 ]] || user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    env HOME="$home" XDG_RUNTIME_DIR="$home" "${user[@]}" "$@"
}
home=$work/home
mkdir -m 700 "$home"

# shown FILE SIZE PATTERN: the page is laid out, holds PATTERN then, and reports no error.
shown() {
    local url=file://$1
    as_nobody timeout 100 chromium --headless=new --no-sandbox --disable-gpu --enable-logging=stderr --window-size="$2" --dump-dom "$url" \
        >"$work/dom" 2>"$work/log" || return
    ! grep -E 'CONSOLE|Uncaught' "$work/log" && grep -q -E -- "$3" "$work/dom"
}

# answers FILE: keys and buttons of a page do what they say.
answers() {
    { cat "$1" && cat <<'END'; } >"$home/keys.html"
<script>
  {
  const told = [], canvas = document.getElementById("canvas"), at = () => document.querySelector("#details h2")?.textContent || "nothing";
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  canvas.focus();
  for (const key of ["Home", "ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft", "+", "-"]) { press(key); told.push(at()); }
  press("Enter");
  told.push(document.activeElement.id);
  press("Escape");
  told.push(document.activeElement.id);
  press("Escape");
  told.push(at());
  for (const id of ["to-all", "in", "out", "to-loop", "theme"]) document.getElementById(id).click();
  const page = document.getElementById("page");
  page.selectedIndex = 1;
  page.dispatchEvent(new Event("change"));
  document.querySelector(".loop button.fault").click();
  told.push(at(), document.documentElement.className, canvas.height > 50);
  document.body.append("told: " + told.map((each) => String(each).replace(/:.*/, "")).join(" "));
  }
</script>
END
    shown "$home/keys.html" 1400,1000 \
        'told: sys_enter get_user_pages round_again round_again get_user_pages get_user_pages get_user_pages details canvas nothing vector dark true'
}

# stays FILE: KernelShark, with a window, is still there after some seconds, and has found nothing to complain about. Its plug-in for
# virtual machines finds none.
stays() {
    as_nobody timeout 20 xvfb-run --auto-servernum --server-args='-screen 0 1400x900x24' kernelshark "$1" >"$work/log" 2>&1
    [[ $? -eq 124 ]] && grep -q '^Loading' "$work/log" && ! grep -v -E '^Loading|"kvm_combo"' "$work/log"
}

run --icount --scenario original-report --fault-in gup --trace "$home/t.html" --trace "$home/t.dat"
run --icount --scenario robust-exit.read-only --trace "$home/r.html"
run --compare aged-anon.wake_op-p --trace "$home/c.html"
[[ $EUID -ne 0 ]] || { chown -R 65534:65534 "$home" && chmod 711 "$work"; }
for size in 1400,1000 480,1000; do
    judged "chromium, $size: a hang" shown "$home/t.html" "$size" '<em>clean</em>'
    judged "chromium, $size, dark: a hang" shown "$home/t.html#dark" "$size" '<html[^>]*class="dark"'
    judged "chromium, $size: a comparison" shown "$home/c.html" "$size" 'and the write succeeds'
done
judged "chromium: a repair that gives up" shown "$home/r.html" 1400,1000 '✗ the repair gives up: -EFAULT'
judged "chromium: keys and buttons" answers "$home/t.html"
judged "KernelShark: a hang" stays "$home/t.dat"
finish
