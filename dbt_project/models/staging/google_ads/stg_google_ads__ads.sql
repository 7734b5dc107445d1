{#
  `costMicros` is in millionths of the currency, `conversionsValue` in whole units. A purchase is a conversion of the account's primary
  actions. It counts on the day of the click.
#}
{%- set figures = {
    'impressions': whole_number('r.record.metrics.impressions'),
    'clicks': whole_number('r.record.metrics.clicks'),
    'spend': millionths('r.record.metrics.costMicros'),
    'conversions_platform': number('r.record.metrics.conversions'),
    'conversion_value_platform': number('r.record.metrics.conversionsValue'),
    'currency': 'r.record.customer.currencyCode'
} -%}
{%- set campaign = {'campaign_id': 'r.record.campaign.id', 'campaign_name': 'r.record.campaign.name'} -%}
{#- A shared budget is no campaign's own. -#}
{%- set daily_budget =
    "case when r.record.campaignBudget.period = 'DAILY' and r.record.campaignBudget.explicitlyShared = 'false' then "
    ~ millionths('r.record.campaignBudget.amountMicros') ~ ' end' -%}

{{ ads_of(
    'google_ads',
    [
        dict(figures, level='account', base='base_google_ads__account_report'),
        dict(figures, level='campaign', base='base_google_ads__campaign_report', daily_budget=daily_budget, **campaign),
        dict(
            figures,
            level='ad', base='base_google_ads__ad_report',
            ad_group_id='r.record.adGroup.id', ad_group_name='r.record.adGroup.name',
            ad_id='r.record.adGroupAd.ad.id', ad_name='r.record.adGroupAd.ad.name',
            **campaign
        ),
        dict(
            figures,
            level='keyword', base='base_google_ads__keyword_report',
            ad_group_id='r.record.adGroup.id', ad_group_name='r.record.adGroup.name',
            keyword_id='r.record.adGroupCriterion.criterionId', keyword_text='r.record.adGroupCriterion.keyword.text',
            match_type='lower(r.record.adGroupCriterion.keyword.matchType)',
            **campaign
        )
    ],
    attribution_window='google_default_30d_click',
    conversion_time_basis='click_date'
) }}
