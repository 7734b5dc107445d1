{#
  Money is in fen. A purchase is an order placed (`order_pv`). It counts on the day of the impression or click.
#}
{%- set figures = {
    'impressions': whole_number('r.record.view_count'),
    'clicks': whole_number('r.record.valid_click_count'),
    'spend': hundredths('r.record.cost'),
    'conversions_platform': number('r.record.order_pv'),
    'conversion_value_platform': hundredths('r.record.order_amount')
} -%}

{{ ads_of(
    'tencent_ads',
    [
        dict(figures, level='account', base='base_tencent_ads__account_report'),
        dict(figures, level='ad_group', base='base_tencent_ads__adgroup_report', ad_group_id='r.record.adgroup_id'),
        dict(
            figures,
            level='ad', base='base_tencent_ads__creative_report',
            ad_group_id='r.record.adgroup_id', ad_id='r.record.dynamic_creative_id'
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
