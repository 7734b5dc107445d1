{#
  A purchase is what the promotion console counts as an order; the vendor does not say within how many days. There is no report of the
  account as a whole, so its total is the sum of its campaigns.
#}
{%- set field = var('suning_ads_fields') -%}

{{ ads_of(
    'suning_ads',
    [
        dict(
            level='campaign', base='base_suning_ads__campaign_report',
            campaign_id='r.record.promotionId', campaign_name='r.record.promotionName',
            impressions=whole_number('r.record.' ~ field.impressions),
            clicks=whole_number('r.record.' ~ field.clicks),
            spend=number('r.record.' ~ field.spend),
            conversions_platform=number('r.record.' ~ field.conversions),
            conversion_value_platform=number('r.record.' ~ field.conversion_value)
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='click_date'
) }}
