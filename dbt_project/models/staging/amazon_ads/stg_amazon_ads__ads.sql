{#
  Amazon's ad products have two names for purchases within 14 days of a click (`purchases14d`, `purchasesClicks`); each row has one of them.
  There is no report of the account as a whole, so it is the sum of the campaigns of all products.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impressions'),
    'clicks': whole_number('r.record.clicks'),
    'spend': number('r.record.cost'),
    'conversions_platform':
        'coalesce(' ~ number('r.record.purchases14d') ~ ', ' ~ number('r.record.purchasesClicks') ~ ')',
    'conversion_value_platform':
        'coalesce(' ~ number('r.record.sales14d') ~ ', ' ~ number('r.record.salesClicks') ~ ')',
    'currency': 'r.record.campaignBudgetCurrencyCode'
} -%}
{%- set campaign = {'campaign_id': 'r.record.campaignId', 'campaign_name': 'r.record.campaignName'} -%}
{#- A budget rule that holds takes the place of the campaign's own amount. -#}
{%- set daily_budget =
    "case when upper(r.record.campaignBudgetType) like 'DAILY%' then coalesce(nullif("
    ~ number('r.record.campaignRuleBasedBudgetAmount') ~ ', 0), ' ~ number('r.record.campaignBudgetAmount') ~ ') end' -%}

{{ ads_of(
    'amazon_ads',
    [
        dict(figures, level='account', base='base_amazon_ads__campaign_report', is_summed=true),
        dict(figures, level='campaign', base='base_amazon_ads__campaign_report', daily_budget=daily_budget, **campaign),
        dict(
            figures,
            level='ad', base='base_amazon_ads__ad_report',
            ad_group_id='r.record.adGroupId', ad_group_name='r.record.adGroupName',
            ad_id='r.record.adId',
            **campaign
        ),
        dict(
            figures,
            level='keyword', base='base_amazon_ads__keyword_report',
            ad_group_id='r.record.adGroupId', ad_group_name='r.record.adGroupName',
            keyword_id='r.record.keywordId', keyword_text='coalesce(r.record.keyword, r.record.keywordText)',
            match_type='lower(r.record.keywordType)',
            **campaign
        )
    ],
    attribution_window='amazon_14d_click',
    conversion_time_basis='click_date'
) }}
