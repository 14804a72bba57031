// Every function of the deployment registers on import.
import './check-ins.http.ts';
import './dead-letters.http.ts';
import './event-notifications.feed.ts';
import './fleet-changes.feed.ts';
import './fleet-metrics.timer.ts';
import './fleet-retries.queue.ts';
import './groups.http.ts';
import './machines.http.ts';
import './renewal-scan.timer.ts';
import './service.http.ts';
