package lab

import "testing"

// TestApachesWordForItsLimits: that few workers are idle is none.
func TestApachesWordForItsLimits(t *testing.T) {
	const head = "[Mon Nov 23 08:00:00.000000 2026] [mpm_event:error] [pid 1:tid 1] "
	for printed, want := range map[string]string{
		"": "",
		head + "(24)Too many open files: AH00553: apr_socket_accept: (client socket)\n":                                                                                                       "(24)Too many open files: AH00553: apr_socket_accept: (client socket)",
		head + "AH10159: server is within MinSpareThreads of MaxRequestWorkers, consider raising the MaxRequestWorkers setting\n":                                                             "",
		head + "AH00094: Command line: 'httpd'\n" + head + "AH00484: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting\n" + head + "AH00170: caught\n": "AH00484: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting",
	} {
		if got := reachedLimit(printed, noWorkers, noDescriptors); got != want {
			t.Errorf("%q\nfound %q, want %q", printed, got, want)
		}
	}
	if got := reachedLimit(head+"AH00484: server reached MaxRequestWorkers setting\n", noDescriptors); got != "" {
		t.Errorf("found %q, which was not looked for", got)
	}
}
