{#
  A purchase is an order paid after an ad; within how many days is not told. Money is whole li. The account's figures
  come a scene a row: search, star shop and display together are the account's own total.
#}
{%- set figures = {
    'impressions': whole_number('r.record.impression'),
    'clicks': whole_number('r.record.click'),
    'spend': thousandths('r.record.spend'),
    'conversions_platform': number('r.record.orderNum'),
    'conversion_value_platform': thousandths('r.record.gmv')
} -%}

{{ ads_of(
    'pinduoduo_ads',
    [
        dict(figures, level='account', base='base_pinduoduo_ads__account_report', is_summed=true),
        dict(
            figures,
            level='campaign', base='base_pinduoduo_ads__campaign_report',
            campaign_id='r.record.entityId'
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
