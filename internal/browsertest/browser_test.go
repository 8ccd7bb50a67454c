package browsertest

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed checks.js
var checks string

// lab99 is the program, as `make build` leaves it.
const lab99 = "../../bin/lab99"

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\w+/`)

// program starts lab99, and returns the address that it prints.
func program(t *testing.T, args ...string) (url string, cmd *exec.Cmd) {
	t.Helper()
	return started(t, lab99, args...)
}

// started starts a lab99.
func started(t *testing.T, path string, args ...string) (url string, cmd *exec.Cmd) {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(path, args...)
	cmd.Dir = "../.."
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Skipf("no program: %v; `make build` makes it", err)
	}
	w.Close()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
	})
	said := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if found := address.FindString(lines.Text()); found != "" {
				said <- found
			}
		}
	}()
	select {
	case url = <-said:
	case <-time.After(time.Minute):
		t.Fatal("no address is said")
	}
	return url, cmd
}

// browser is one tab. What its console says is an error of the page.
func browser(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("no chromium on the PATH: the package chromium has it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the script failed: %+v", e.ExceptionDetails)
		case *log.EventEntryAdded: // a policy that was broken, a file that is not there
			if !strings.Contains(e.Entry.URL, "favicon.ico") {
				t.Errorf("the console says: %s (%s)", e.Entry.Text, e.Entry.URL)
			}
		}
	}))
	t.Cleanup(cancel)
	return ctx
}

// sizes of windows: a screen, a tablet, a phone.
var sizes = []struct {
	name          string
	width, height int64
}{{"screen", 1300, 900}, {"tablet", 820, 1180}, {"phone", 390, 844}}

// good holds a page to what it must be, at every size, light and dark, and leaves pictures.
func good(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, s := range sizes {
		for _, scheme := range []string{"light", "dark"} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height)); err != nil {
				t.Fatal(err)
			}
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			if err != nil {
				t.Fatal(err)
			}
			wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](checks))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range wrong {
				t.Errorf("%s, %s, %s: %s", name, s.name, scheme, w)
			}
			picture(t, ctx, fmt.Sprintf("%s-%s-%s.png", name, s.name, scheme))
		}
	}
}

// firstScreen holds a report to what a stranger must see without scrolling: the
// finding, the table of verdicts and the main figure, on a screen and on a phone.
func firstScreen(t *testing.T, ctx context.Context) {
	t.Helper()
	ask[any](t, ctx, `scrollTo({top: 0, behavior: "instant"})`)
	for _, s := range sizes {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height)); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"h1", "h1 + .lead", "table.verdicts", "#f-overview"} {
			box := ask[[]float64](t, ctx, `(function () { var b = document.querySelector("`+part+`").getBoundingClientRect();
				return [b.left, b.top, b.right, b.bottom]; })()`)
			if box[0] < 0 || box[1] < 0 || box[2] > float64(s.width) || box[3] > float64(s.height) || box[2]-box[0] < 100 ||
				box[3]-box[1] < 20 {
				t.Errorf("%s: %s lies at %.0f, outside of the first %d by %d", s.name, part, box, s.width, s.height)
			}
		}
	}
}

// picture saves what is seen where LAB99_PICTURES says.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("LAB99_PICTURES")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func visit(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

func ask[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

// TestStoredRuns finds runs, compares two, and replays one.
func TestStoredRuns(t *testing.T) {
	url, _ := program(t, "serve", "results/example")
	ctx := browser(t)
	visit(t, ctx, url)
	good(t, ctx, "list")
	ask[any](t, ctx, `document.querySelectorAll("input[type=checkbox]").forEach(function (c) { c.click(); })`)
	ask[any](t, ctx, `Array.from(document.querySelectorAll("button")).pop().click()`)
	until(t, ctx, `document.title.includes("compared")`)
	good(t, ctx, "comparison")
	if n := ask[int](t, ctx, `document.querySelectorAll("figure").length`); n != 4 {
		t.Errorf("%d figures of four variants", n)
	}
	ask[any](t, ctx, `document.querySelector("dl a").click()`)
	until(t, ctx, `!!document.getElementById("moment")`)
	good(t, ctx, "report")
	firstScreen(t, ctx)

	// The slider by keys, and what it says.
	if err := chromedp.Do(ctx, chromedp.Focus("#moment")); err != nil {
		t.Fatal(err)
	}
	before := ask[string](t, ctx, `document.getElementById("moment").getAttribute("aria-valuetext")`)
	if err := chromedp.Do(ctx, chromedp.KeyEvent(kb.ArrowLeft)); err != nil {
		t.Fatal(err)
	}
	if after := ask[string](t, ctx, `document.getElementById("moment").getAttribute("aria-valuetext")`); after == before {
		t.Errorf("the key moves nothing: %s", after)
	}
	ask[any](t, ctx, `document.getElementById("moment").value = 1; `+
		`document.getElementById("moment").dispatchEvent(new Event("input"))`)
	said := ask[string](t, ctx, `document.querySelector("#strips .s-when").textContent`)
	if !strings.Contains(said, "Error 99 is due in") {
		t.Errorf("after a second the baseline's strip says %q", said)
	}
}

// TestChecksSeeWhatIsWrong: a page with each of the faults.
func TestChecksSeeWhatIsWrong(t *testing.T) {
	ctx := browser(t)
	visit(t, ctx, "about:blank")
	const bad = `<h1>a</h1><h3 id="x">b</h3><p id="x">c</p><button tabindex="3"></button><input><svg role="img" ` +
		`width="9" height="9"></svg><p style="color:#999;background:#aaa">pale</p><div ` +
		`style="width:3000px;height:3px">w</div>`
	ask[any](t, ctx, "document.body.innerHTML = `"+bad+"`")
	said := strings.Join(ask[[]string](t, ctx, checks), "\n")
	for _, want := range []string{"no name: <button", "no name: <input", "no name: <svg",
		"a level is left out before: <h3", "twice the id x",
		"its own place in the order", "contrast 1.2", "px wide on", "no language", "no title"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not found in\n%s", want, said)
		}
	}
}

// until waits for a condition, for three minutes at most: on a busy machine variants run twice.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	for by := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if v, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition)); err == nil && v {
			return
		}
		if time.Now().After(by) {
			t.Fatalf("%s is not to be", condition)
		}
	}
}

// TestARunUnderWay follows a run in the browser to its report.
func TestARunUnderWay(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a lab in namespaces wants root here")
	}
	out := t.TempDir()
	url, cmd := program(t, "reproduce", "--size", "quick", "--driver", "netns", "--live", "--out", out)
	ctx := browser(t)
	visit(t, ctx, url)
	until(t, ctx, `document.querySelectorAll("article.live").length === 4`)
	const baseline = `document.querySelector("article.live[aria-label=baseline]")`
	said := func(what, words string) string {
		return baseline + `.querySelector("` + what + `") && ` + words + `.test(` + baseline + `.querySelector("` + what + `").textContent)`
	}
	until(t, ctx, said(".s-when", `/^Error 99 is due in [\d.]+ s/`))
	picture(t, ctx, "live-filling.png")
	until(t, ctx, said(".s-when", `/^Error 99 was due after [\d.]+ s, and had come by/`))
	until(t, ctx, said(".s-quote", `/ connect\(\) to [\d.:]+ failed \(99: /`))
	until(t, ctx, said(".s-error99 dd", `/^[1-9]/`))
	good(t, ctx, "live")
	until(t, ctx, said(".v", `/^reproduced$/`)) // its verdict, while others are under way
	text := ask[string](t, ctx, baseline+`.querySelector(".s-when").textContent`)
	if !strings.Contains(text, ", and came after ") {
		t.Errorf("with its verdict the baseline says %q", text)
	}
	good(t, ctx, "live-judged")
	until(t, ctx, `!!document.getElementById("verdicts")`) // it is the report
	if err := cmd.Wait(); err != nil {
		t.Logf("the run: %v", err) // on a busy machine it may be invalid
	}
	report, err := os.ReadFile(filepath.Join(out, "latest", "report.html"))
	if err != nil || !strings.Contains(string(report), ask[string](t, ctx, `document.title`)[:20]) {
		t.Errorf("the page is not the report: %v", err)
	}
}
