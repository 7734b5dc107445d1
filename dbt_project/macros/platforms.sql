{# What several models of one platform need. #}

{# The streams, beside orders, that tell what was given back, by the names that platforms have for them. #}
{% macro refund_streams() %}{{ return(['refunds', 'returns', 'cancellations', 'after_sales']) }}{% endmacro %}


{# The source_l2 of a row of Matomo's: its kind of referrer, or its campaign's name; null in reports that are not by source. #}
{% macro matomo_source(record) -%}
case {{ record }}.report
            when 'source' then {{ record }}.entry
            when 'campaign' then concat('Campaigns · ', {{ record }}.entry)
        end
{%- endmacro %}


{#
  Whether `part`, a breakdown of an item of an Amazon transaction, is money for goods. So is what a refund keeps back (a restocking fee,
  points that the buyer no longer has) and what it gives on top of the price.
#}
{% macro amazon_is_goods() -%}
{{ amazon_breakdown() }} in (
        'productcharges', 'principal', 'principle', 'restockingfee', 'pointsfee', 'goodwill', 'returnshipping',
        'freereplacementreturnshipping'
    ) or {{ amazon_breakdown() }} like '%promo%'
    or {{ amazon_breakdown() }} like '%discount%'
{%- endmacro %}

{% macro amazon_breakdown(part='part') %}lower(replace({{ part }}.breakdownType, ' ', '')){% endmacro %}


{# The sum of some extension attributes of an order or credit memo, which only Adobe Commerce has. In Magento Open Source it is 0. #}
{% macro commerce_sum(record, names) -%}
    {{ sum_of(record ~ '.extension_attributes.', names) }}
{%- endmacro %}


{# The fixed taxes on the products of an order's row in Magento. They stand on the parts of what has parts. #}
{% macro fixed_product_tax(item, items) -%}
    {%- set of_part = 'case when part.parent_item_id = ' ~ item ~ '.item_id then ' ~ money('part.base_weee_tax_applied_row_amnt') ~ ' end' -%}
    coalesce({{ money(item ~ '.base_weee_tax_applied_row_amnt') }}, 0) + coalesce({{ array_sum(items, 'part', of_part) }}, 0)
{%- endmacro %}


{#
  What of the fees and taxes of a TikTok Shop transaction is none of TikTok's own fees (Get Transactions by Statement 202501): what
  affiliates and creators had; what was only set aside for them, and given back, or is advertising (GMV Max: TikTok Ads tells it as spend);
  what is tax.
#}
{% macro tiktok_shop_fees() -%}
    {{ return((
        [
            'affiliate_commission_amount', 'affiliate_ads_commission_amount', 'affiliate_partner_commission_amount',
            'external_affiliate_marketing_fee_amount', 'cofunded_creator_bonus_amount', 'tap_shop_ads_commission',
        ],
        ['affiliate_commission_deposit', 'affiliate_commission_release', 'gmv_max_ad_fee_amount'],
        [
            'anti_dumping_duty_amount', 'customs_clearance_amount', 'customs_duty_amount', 'gst_amount', 'import_vat_amount',
            'isr_amount', 'iva_amount', 'local_vat_amount', 'pit_amount', 'sst_amount', 'vat_amount',
        ],
    )) }}
{%- endmacro %}
