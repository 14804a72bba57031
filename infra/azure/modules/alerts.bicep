// What somebody should be told of. docs/operate.md says what to do about each.

param location string
param tags object
param suffix string
param workspaceId string
param insightsId string
param storeId string
param appUrl string

@description('Who is told, separated by commas; with nobody, alerts are only seen in the portal.')
param emails string

@description('How often the health is asked for from outside, in seconds; each time is paid for.')
@allowed([300, 600, 900])
param healthSeconds int

@description('Minutes between two takes of the fleet\'s figures.')
@allowed([5, 60])
param metricsMinutes int

var receivers = [
  for (address, index) in split(emails, ','): {
    name: 'email-${index}'
    emailAddress: trim(address)
    useCommonAlertSchema: true
  }
]
var healthPlaces = ['emea-nl-ams-azr', 'us-va-ash-azr', 'apac-sg-sin-azr']

// Long enough for three takes or more, so that one that fails is no silence.
var metricsWindows = { '5': 'PT30M', '60': 'PT3H' }
var metricsWindow = metricsWindows[string(metricsMinutes)]
var putOffWindows = { '5': 'PT1H', '60': 'PT3H' }

// Each query answers rows when somebody should be told, and none otherwise.
var logAlerts = [
  {
    name: 'machines-at-risk'
    description: 'Machines wait for the new key in windows that end within 14 days.'
    severity: 2
    window: metricsWindow
    query: '''
      AppMetrics
      | where Name == 'keyturn.machines_at_risk'
      | summarize AtRisk = max(Sum)
      | where AtRisk > 0
    '''
  }
  {
    name: 'put-off'
    description: 'Work that failed waits to be tried again, and goes on waiting.'
    severity: 3
    window: putOffWindows[string(metricsMinutes)]
    query: '''
      AppMetrics
      | where Name == 'keyturn.put_off'
      | summarize Fewest = min(Sum)
      | where Fewest > 0
    '''
  }
  {
    name: 'dead-letters'
    description: 'Work failed again and again, and waits for somebody to look at it.'
    severity: 2
    window: metricsWindow
    query: '''
      AppMetrics
      | where Name == 'keyturn.dead_letters'
      | summarize DeadLetters = max(Sum)
      | where DeadLetters > 0
    '''
  }
  {
    name: 'unwell'
    description: 'The service says of itself that something is wrong, so that renewals may not happen.'
    severity: 1
    window: metricsWindow
    query: '''
      AppMetrics
      | where Name == 'keyturn.health'
      | summarize Well = countif(Sum >= 1) by Check = tostring(Properties['check'])
      | where Well == 0
    '''
  }
  {
    name: 'silent'
    description: 'New figures do not come: timers do not run, or nothing can be sent.'
    severity: 1
    window: metricsWindow
    query: '''
      AppMetrics
      | where Name == 'keyturn.metrics_taken_timestamp_seconds'
      | summarize Takes = dcount(Sum)
      | where Takes < 2
    '''
  }
  {
    name: 'functions-failing'
    description: 'A function fails again and again, and not because of what callers sent.'
    severity: 2
    window: 'PT30M'
    query: '''
      AppRequests
      | where Success == false and ResultCode !startswith '4'
      | summarize Failures = sum(ItemCount) by OperationName
      | where Failures >= 10
    '''
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-keyturn-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'keyturn'
    enabled: true
    emailReceivers: empty(emails) ? [] : receivers
  }
}

resource logRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in logAlerts: {
    name: 'keyturn-${alert.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Keyturn: ${alert.name}'
      description: alert.description
      severity: alert.severity
      enabled: true
      autoMitigate: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: alert.window
      // The telemetry's tables come into being with the first data.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

resource healthTest 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'keyturn-health-${suffix}'
  location: location
  // How Application Insights finds its tests.
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'keyturn-health-${suffix}'
    Name: 'Keyturn: health'
    Enabled: true
    Kind: 'standard'
    Frequency: healthSeconds
    Timeout: 60
    RetryEnabled: true
    Locations: [for place in healthPlaces: { Id: place }]
    Request: {
      RequestUrl: '${appUrl}/api/health'
      HttpVerb: 'GET'
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource healthRule 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'keyturn-health-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The health page answers anything but 200, or nothing, in most of the world.'
    severity: 1
    enabled: true
    autoMitigate: true
    scopes: [healthTest.id, insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: healthTest.id
      componentId: insightsId
      failedLocationCount: 2
    }
    actions: [{ actionGroupId: people.id }]
  }
}

resource throttlingRule 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'keyturn-throttled-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Cosmos DB turns requests away for an hour: more capacity is needed than there is. Minutes of it are no harm.'
    severity: 3
    enabled: true
    autoMitigate: true
    scopes: [storeId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttled'
          metricNamespace: 'Microsoft.DocumentDB/databaseAccounts'
          metricName: 'TotalRequests'
          dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 10000
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}
