{#
  `actions` lists the same purchases under several types. Only `omni_purchase` has each of them once. Meta leaves an empty array out, so
  an absent figure is 0. Since June 2025 Meta counts a purchase in the merchant's shop on the day of the purchase, not of the click,
  whatever the request asks for.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impressions'),
    'clicks': whole_number('r.record.clicks'),
    'spend': number('r.record.spend'),
    'conversions_platform':
        'coalesce(' ~ number(element_of('r.record.actions', 'action_type', 'omni_purchase', 'value')) ~ ', 0)',
    'conversion_value_platform':
        'coalesce(' ~ number(element_of('r.record.action_values', 'action_type', 'omni_purchase', 'value')) ~ ', 0)',
    'currency': 'r.record.account_currency'
} -%}
{%- set campaign = {'campaign_id': 'r.record.campaign_id', 'campaign_name': 'r.record.campaign_name'} -%}

{{ ads_of(
    'meta',
    [
        dict(figures, level='account', base='base_meta__account_report'),
        dict(figures, level='campaign', base='base_meta__campaign_report', **campaign),
        dict(
            figures,
            level='ad', base='base_meta__ad_report',
            ad_group_id='r.record.adset_id', ad_group_name='r.record.adset_name',
            ad_id='r.record.ad_id', ad_name='r.record.ad_name',
            **campaign
        )
    ],
    attribution_window='meta_default_7d_click_1d_view',
    conversion_time_basis='conversion_date'
) }}
