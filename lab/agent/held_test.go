package agent

import (
	"testing"
	"time"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/loadgen"
	"github.com/lab99/lab99/scenarios"
)

func TestHeldConfig(t *testing.T) {
	if scenarios.MostHeld != loadgen.MaxHeld {
		t.Errorf("scenarios allow %d connections, and the generator %d", scenarios.MostHeld, loadgen.MaxHeld)
	}
	from := loadgen.Config{URL: "http://198.18.0.2:8080/chat", Duration: time.Second}
	stream := (&Held{ForS: 1.5, ServerCloses: true}).config(from)
	if stream.URL != "tcp://198.18.0.2:8080/chat" || stream.For != 1500*time.Millisecond ||
		stream.Closes != loadgen.ClosedByServer ||
		stream.Spread != loadgen.FixedTimes || stream.Unanswered != proxy.CauseConnect {
		t.Errorf("%+v", stream)
	}
	socket := (&Held{ForS: 1, Websocket: true, Exponential: true}).config(from)
	if socket.URL != "ws://198.18.0.2:8080/chat" || socket.Closes != loadgen.ClosedByClient ||
		socket.Spread != loadgen.ExponentialTimes || socket.Unanswered != "" {
		t.Errorf("%+v", socket)
	}
}
