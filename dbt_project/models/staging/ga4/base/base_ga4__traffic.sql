{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'entry': 'text', 'deviceCategory': 'text', 'sessionDefaultChannelGroup': 'text',
    'sessionSourceMedium': 'text', 'totalUsers': 'text', 'newUsers': 'text', 'sessions': 'text',
    'engagedSessions': 'text', 'screenPageViews': 'text', 'userEngagementDuration': 'text',
    'eventName': 'text', 'totalPurchasers': 'text', 'ecommercePurchases': 'text', 'grossPurchaseRevenue': 'text',
    'currencyCode': 'text',
    'flags': {
        'subjectToThresholding': 'boolean', 'dataLossFromOtherRow': 'boolean',
        'samplingMetadatas': [{'samplesReadCount': 'text', 'samplingSpaceSize': 'text'}]
    }
} -%}

{{ report_rows('ga4', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
