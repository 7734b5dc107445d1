{#
  The vendor's project is the campaign of the marts and its promotion the ad; it has no ad groups. For the whole account it reports the
  spend alone. `convert_cnt` and `stat_pay_amount` count on the day the conversion was reported back, not on that of the click.
#}
{{ ads_of(
    'ocean_engine',
    [
        dict(
            level='ad', base='base_ocean_engine__ad_report',
            campaign_id='r.record.dimensions.cdp_project_id', campaign_name='r.record.dimensions.cdp_project_name',
            ad_id='r.record.dimensions.cdp_promotion_id', ad_name='r.record.dimensions.cdp_promotion_name',
            impressions=whole_number('r.record.metrics.show_cnt'),
            clicks=whole_number('r.record.metrics.click_cnt'),
            spend=number('r.record.metrics.stat_cost'),
            conversions_platform=number('r.record.metrics.convert_cnt'),
            conversion_value_platform=number('r.record.metrics.stat_pay_amount'),
            currency="'CNY'"
        ),
        dict(
            level='account', base='base_ocean_engine__account_report',
            spend=number('r.record.cost'), currency="'CNY'"
        )
    ],
    attribution_window='platform_default',
    conversion_time_basis='conversion_date'
) }}
